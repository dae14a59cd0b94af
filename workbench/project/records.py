"""What is known of each dataset, run, edition, study and selection besides its arrays; the schema says where."""

from dataclasses import dataclass, field

from workbench.project.transaction import Json


@dataclass(frozen=True)
class DatasetRecord:
    """What is known of a dataset besides its rows.

    Attributes
    ----------
    name : str
        The user's.
    source, columns, recipe : JSON
        Where the rows came from, what each column is, and what is to be done to them before training.
    id, created, shape, dtype, data_hash
        Filled in by `add_dataset`: key, time (ISO 8601), shape and dtype of X, hash of its block hashes.
    classes : tuple or None
        Class values; the codes in ``y`` count into it.
    kind : str
        What a row is: "table", "image", "spd" or "dissimilarity"; "" in files that are older than kinds.
    image_shape : tuple of int or None
        Shape of a row as a picture, or as a matrix.
    hidden : bool
        Whether its import was undone.
    correction : int
        Number of the newest correction in force; 0 for the rows and labels as imported.
    first_look : JSON
        When its test part was first shown, and how its runs stood then; None while it never was, {} in files that are
        older than this.
    """

    name: str
    source: Json = field(default_factory=dict)
    columns: Json = field(default_factory=list)
    recipe: Json = field(default_factory=dict)
    classes: tuple[Json, ...] | None = None
    kind: str = ""
    image_shape: tuple[int, ...] | None = None
    warnings: tuple[str, ...] = ()
    note: str = ""
    hidden: bool = False
    correction: int = 0
    first_look: Json = field(default_factory=dict)
    id: str = ""
    created: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    data_hash: str = ""


@dataclass(frozen=True)
class RunRecord:
    """What is known of a run besides its arrays; with the file's data it is enough to repeat it.

    Attributes
    ----------
    name : str
        The user's.
    dataset : str
        Id of the dataset.
    engine : str
        Name in the catalog.
    parameters, metrics, versions, recipe : JSON
        As the engine was given them; as last measured; of the libraries; of the dataset when the run began.
    data_hash : str
        Of the dataset's X.
    status : str
        Such as ``queued``, ``running``, ``finished``.
    seconds : float
        Time spent training.
    error : str
        Why it failed, or "".
    branched_from : JSON
        The run and iteration, or the file, that it begins from, or None.
    in_force : int
        Number of the edition in force; 0 where it was not edited.
    correction, labels_version
        Of the dataset, when the run was made.
    threshold : JSON
        Below which certainty rows are rejected, or None.
    hidden : bool
        Whether its start was undone.
    id, created : str
        Filled in by `add_run`.
    """

    name: str
    dataset: str
    engine: str
    parameters: Json = field(default_factory=dict)
    status: str = "queued"
    seconds: float = 0.0
    error: str = ""
    metrics: Json = field(default_factory=dict)
    versions: Json = field(default_factory=dict)
    data_hash: str = ""
    recipe: Json = field(default_factory=dict)
    note: str = ""
    hidden: bool = False
    branched_from: Json = None
    in_force: int = 0
    correction: int = 0
    labels_version: str = ""
    threshold: Json = None
    id: str = ""
    created: str = ""


@dataclass(frozen=True)
class EditionRecord:
    """What is known of a branch as it was edited, besides its arrays.

    Attributes
    ----------
    basis : int
        Number of the edition that was edited; 0 is the branch as it began.
    operation : str
    arguments : JSON
    measure, before, after, n_before, n_after
        Which error, and what it and the number of prototypes were before and after.
    sentence : str
    parameters, status, seconds, error, metrics
        As of a `RunRecord`.
    id : str
        Its key, which ends with its number.
    """

    basis: int
    operation: str
    arguments: Json
    measure: str
    before: float
    after: float
    n_before: int
    n_after: int
    sentence: str
    parameters: Json
    status: str
    seconds: float = 0.0
    error: str = ""
    metrics: Json = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True)
class StudyRecord:
    """What is known of several trainings that are compared, besides the table of what was measured.

    Attributes
    ----------
    name, dataset, engine, status, seconds, error, versions, data_hash, recipe, correction, labels_version, hidden
        As of a `RunRecord`.
    parameters : JSON
        Those that all trainings share.
    failures : JSON
        Why a training could not be measured, one sentence by its number.
    remarks : tuple of str
        Sentences for people.
    id, created : str
        Filled in by `add_study`.
    """

    name: str
    dataset: str
    engine: str
    parameters: Json = field(default_factory=dict)
    status: str = "queued"
    seconds: float = 0.0
    error: str = ""
    failures: Json = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    versions: Json = field(default_factory=dict)
    data_hash: str = ""
    recipe: Json = field(default_factory=dict)
    correction: int = 0
    labels_version: str = ""
    note: str = ""
    hidden: bool = False
    id: str = ""
    created: str = ""


@dataclass(frozen=True)
class SweepRecord(StudyRecord):
    """What is known of a search for the right count of prototypes.

    Attributes
    ----------
    counts : tuple of int
        What is tried, increasing.
    """

    counts: tuple[int, ...] = ()


@dataclass(frozen=True)
class SearchRecord(StudyRecord):
    """What is known of a search for good parameters.

    Attributes
    ----------
    space : JSON
        Values, or ends of a range, by the name of each parameter that varies.
    trials : tuple of JSON
        What varies, trial by trial.
    scheme : str
        ``grid`` or ``random``.
    folds, seed : int
        Of the cross-validation, and for shuffling and drawing.
    """

    space: Json = field(default_factory=dict)
    trials: tuple[Json, ...] = ()
    scheme: str = "grid"
    folds: int = 0
    seed: int = 0


@dataclass(frozen=True)
class SelectionRecord:
    """A named subset of a dataset's rows; `add_selection` fills in id and created."""

    name: str
    dataset: str
    note: str = ""
    hidden: bool = False
    id: str = ""
    created: str = ""
