"""A model that answers with the release that its stage serves now, whenever that changes.

Rules: a request is answered by one release, from its beginning to its end, and the answer says by
which; no request waits for a store or for a new release; what was good goes on until something
better has proved itself. Every method may be called from several threads at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from ...errors import InputError, NotFoundError
from ..answer import DEFAULT_TOP_K
from ..classifier import DEFAULT_BATCH_SIZE, Classifier
from ..result import Result
from .attempt import Load
from .manager import Manager, State, Tell
from .pace import Pace
from .watcher import ReadPointer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..image import Source


class Live:
    """A stage of a model, followed from now until `close`.

    Attributes:
        model: its name.
        stage: the stage's.
    """

    def __init__(
        self, model: str, stage: str, read: ReadPointer, load: Load, pace: Pace, tell: Tell
    ) -> None:
        self.model = model
        self.stage = stage
        self._closed = False
        self._manager = Manager(model, stage, read, load, pace, tell)
        self._manager.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Follow the stage no more. Requests that are under way are finished."""
        self._closed = True
        self._manager.stop()

    @property
    def state(self) -> State:
        """What answers, what is desired, what goes on, and what is wrong."""
        return self._manager.state()

    def check_now(self) -> None:
        """Look at the pointer at once, instead of at the next time; returns without waiting."""
        self._manager.look_now()

    def wait(self, seconds: float | None = None) -> Self:
        """Wait until a release answers; returns at once when one does.

        Args:
            seconds: how long to try in spite of problems. None: the first problem is raised.

        Raises:
            UnderstudyError: what the problem is.
        """
        self._manager.wait(seconds)
        return self

    @contextmanager
    def lend(self) -> Iterator[Classifier]:
        """Give the classifier that answers now; it stays open until the block ends.

        Raises:
            UnderstudyError: there is none yet; why is said.
        """
        with self._manager.holder.lend() as classifier:
            if classifier is None:
                raise self._nothing_yet()
            yield classifier

    def classify(
        self, image: Source, top_k: int = DEFAULT_TOP_K, *, name: str | None = None
    ) -> Result:
        """Classify one image; see `Classifier.classify`."""
        with self.lend() as classifier:
            return classifier.classify(image, top_k, name=name)

    def classify_many(
        self,
        images: Iterable[Source],
        top_k: int = DEFAULT_TOP_K,
        batch_size: int = DEFAULT_BATCH_SIZE,
    ) -> Iterator[Result]:
        """Classify a row of images, all of them by one release; see `Classifier.classify_many`."""
        with self.lend() as classifier:
            yield from classifier.classify_many(images, top_k, batch_size)

    def predict(self, batch: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Run the model on a ready tensor; see `Classifier.predict`."""
        with self.lend() as classifier:
            return classifier.predict(batch)

    def _nothing_yet(self) -> Exception:
        if self._closed:
            return InputError(f"{self.model} is closed", hint="open the model again")
        return self.state.problem or NotFoundError(
            f"no release of {self.stage} of {self.model} is loaded yet", hint="try again soon"
        )
