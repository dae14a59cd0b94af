"""The part of the import dialog that says what is done to the rows: gaps, scaling, image steps, split."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QSpinBox, QWidget

from workbench.data import Recipe
from workbench.views.import_words import MISSING, SCALING, WHITENING, recipe_of


class RecipeForm(QWidget):
    """Editors for a recipe.

    Attributes
    ----------
    changed : Signal
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "clear")
        self.setAccessibleName("Preparation of the rows")
        self._base = Recipe()
        self.missing = _combo("Missing values", MISSING)
        self.scaling = _combo("Scaling", SCALING)
        self.dissimilarities = QCheckBox("A square matrix of dissimilarities")
        self.dissimilarities.setToolTip("Column k holds how unlike each row is to row k; nothing is changed in it")
        self.contrast = QCheckBox("Even out the contrast")
        self.contrast.setToolTip("Subtract each row's mean and divide by its deviation")
        self.whitening = _combo("Whitening", WHITENING)
        self.validation = _percent("Validation part", "Rows on which a training may decide when to end")
        self.test = _percent("Test part", "Rows that no training ever sees")
        self.training = QLabel()
        self.stratify = QCheckBox("The same in every class")
        self.seed = QSpinBox(maximum=2**31 - 1)
        self.seed.setAccessibleName("Seed of the split")
        self.seed.setToolTip("The same seed gives the same split")
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(12)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setFormAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        form.addRow("Rows are", self.dissimilarities)
        form.addRow("Missing values", self.missing)
        form.addRow("Scaling", self.scaling)
        form.addRow("Whitening", self.whitening)
        form.addRow("Contrast", self.contrast)
        form.addRow("Validation part", self.validation)
        form.addRow("Test part", self.test)
        form.addRow("Training part", self.training)
        form.addRow("Stratify", self.stratify)
        form.addRow("Seed", self.seed)
        for combo in (self.missing, self.scaling, self.whitening):
            combo.currentIndexChanged.connect(self._edited)
        for box in (self.dissimilarities, self.contrast, self.stratify):
            box.toggled.connect(self._edited)
        for spin in (self.validation, self.test, self.seed):
            spin.valueChanged.connect(self._edited)
        for spin in (self.validation, self.test, self.seed):
            spin.setMinimumHeight(self.missing.sizeHint().height())
        self._tell()

    def show_recipe(self, recipe: Recipe) -> None:
        """Show `recipe` without telling that anything changed."""
        self._base = recipe
        blockers = [QSignalBlocker(widget) for widget in self.findChildren(QWidget)]
        for combo, value in (
            (self.missing, recipe.missing),
            (self.scaling, recipe.scaling),
            (self.whitening, recipe.whitening),
        ):
            combo.setCurrentIndex(combo.findData(value))
        self.dissimilarities.setChecked(recipe.dissimilarities)
        self.contrast.setChecked(recipe.contrast)
        self.validation.setValue(round(100 * recipe.split.validation))
        self.test.setValue(round(100 * recipe.split.test))
        self.stratify.setChecked(recipe.split.stratify)
        self.seed.setValue(recipe.split.seed)
        del blockers
        self._tell()

    def recipe(self) -> Recipe:
        """The recipe that is shown; raises DataError where it cannot be."""
        return recipe_of(
            self._base,
            missing=self.missing.currentData(),
            scaling=self.scaling.currentData(),
            whitening=self.whitening.currentData(),
            contrast=self.contrast.isChecked(),
            dissimilarities=self.dissimilarities.isChecked(),
            validation=self.validation.value(),
            test=self.test.value(),
            stratify=self.stratify.isChecked(),
            seed=self.seed.value(),
        )

    @Slot()
    def _edited(self) -> None:
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        rest = 100 - self.validation.value() - self.test.value()
        self.training.setText(f"{rest} %")
        for steps in (self.missing, self.scaling, self.whitening, self.contrast):
            steps.setEnabled(not self.dissimilarities.isChecked())
        divided = rest < 100
        self.stratify.setEnabled(divided)
        self.seed.setEnabled(divided)


def _combo(name: str, choices: dict[str, str]) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    for value, words in choices.items():
        combo.addItem(words, value)
    return combo


def _percent(name: str, tip: str) -> QSpinBox:
    spin = QSpinBox(maximum=95, suffix=" %", singleStep=5)
    spin.setAccessibleName(name)
    spin.setToolTip(tip)
    return spin
