"""Importing data: a plan is guessed from a file (`guess`), shown (`preview`), corrected and carried out (`read`)."""

from workbench.data.alike import Likeness, read_alike
from workbench.data.catalog import Importer, importer, importers
from workbench.data.deriving import Derivation, ranges_of
from workbench.data.encoding import Encoding
from workbench.data.errors import DataError
from workbench.data.fitting import fit_recipe
from workbench.data.importing import Paths, correct, guess, preview, read
from workbench.data.places import Places, places_of
from workbench.data.plan import Column, ColumnSummary, Imported, Offer, Plan, Preview
from workbench.data.prototype_files import read_prototypes
from workbench.data.prototypes import Prototypes
from workbench.data.recipe import FittedRecipe, Recipe, Split
from workbench.data.rows import Spool, row_blocks

__all__ = [
    "Column",
    "ColumnSummary",
    "DataError",
    "Derivation",
    "Encoding",
    "FittedRecipe",
    "Imported",
    "Importer",
    "Likeness",
    "Offer",
    "Paths",
    "Places",
    "Plan",
    "Preview",
    "Prototypes",
    "Recipe",
    "Split",
    "Spool",
    "correct",
    "fit_recipe",
    "guess",
    "importer",
    "importers",
    "places_of",
    "preview",
    "ranges_of",
    "read",
    "read_alike",
    "read_prototypes",
    "row_blocks",
]
