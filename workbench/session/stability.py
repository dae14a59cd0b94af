"""How stable the metric of a run is, as far as it was measured; the refits are the engines', the job `measuring`'s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # imported where used: statistics take a while to import
    from engines.lvq.refits import Resampling
    from engines.lvq.stability import Stability


@dataclass(frozen=True, eq=False)
class MeasuredStability:
    """What refits of a run came to so far.

    Attributes
    ----------
    resampling : Resampling
        How they are made, and how many there are to be.
    stability : Stability
    iteration : int
        Of the run's model that they are compared with.
    seconds : float
        Spent on them.
    """

    resampling: Resampling
    stability: Stability
    iteration: int
    seconds: float = 0.0

    @property
    def is_complete(self) -> bool:
        return self.stability.n_refits >= self.resampling.n_refits

    def to_bundle(self) -> dict[str, Any]:
        """As arrays and JSON values."""
        how = self.resampling
        about = {"scheme": how.scheme, "n_refits": how.n_refits, "seed": how.seed}
        return {**about, "iteration": self.iteration, "seconds": self.seconds, **self.stability.to_state()}

    @classmethod
    def from_bundle(cls, bundle: Mapping[str, Any]) -> MeasuredStability:
        """What `to_bundle` gave."""
        from engines.lvq.refits import Resampling
        from engines.lvq.stability import Stability

        how = Resampling(bundle["scheme"], bundle["n_refits"], bundle["seed"])
        return cls(how, Stability.from_state(bundle), bundle["iteration"], bundle["seconds"])
