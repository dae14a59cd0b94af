"""The project file: one HDF5 file behind a journal, so that whatever was acknowledged survives; knows no engines."""

from workbench.project.arrays import ArrayInfo, HashedRows, Rows
from workbench.project.copied import CopiedProject
from workbench.project.errors import ProjectDamaged, ProjectError, ProjectLocked, ProjectTooNew, StorageFull
from workbench.project.opening import create_project, deliver_left, newest, open_project
from workbench.project.project import Project
from workbench.project.staging import Staged
from workbench.project.transaction import Json, Reader, Transaction

__all__ = [
    "ArrayInfo",
    "CopiedProject",
    "HashedRows",
    "Json",
    "Project",
    "ProjectDamaged",
    "ProjectError",
    "ProjectLocked",
    "ProjectTooNew",
    "Reader",
    "Rows",
    "Staged",
    "StorageFull",
    "Transaction",
    "create_project",
    "deliver_left",
    "newest",
    "open_project",
]
