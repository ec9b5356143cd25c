"""A model that answers: images in, labels out.

Rules: one broken image in a row of many is one Result with an error, and the others go on; memory
does not grow with the number of images; every method may be called from several threads at once;
what is under way when the classifier is closed is finished with the session it began with.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

from ..errors import ImageError, InputError
from .answer import DEFAULT_TOP_K, check_top_k
from .fit import fitting_head, fitting_input, fitting_tensor
from .model import ServedModel
from .prepare import Place, Prepared, empty_batch, name_of, prepare
from .result import Result, Timings
from .session import Session, cores, inputs, open_session, outputs, run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..release.resolve import Resolved
    from .image import Source

    Array = NDArray[Any]

DEFAULT_BATCH_SIZE = 16


class Classifier:
    """A served model with its open session.

    Making one raises InputError where the model is no classifier of images or the labels do not
    fit it, and ReleaseError where the session is not the model that `served` describes.

    Attributes:
        served: what is served, as plain values.
    """

    def __init__(self, session: Session, served: ServedModel) -> None:
        self.served = served
        self._session: Session | None = session
        self._input = fitting_input(inputs(session), served)
        self._head = fitting_head(outputs(session), served)
        self._outputs = tuple(spec.name for spec in outputs(session))

    @classmethod
    def open(cls, directory: Path, served: ServedModel, *, threads: int | None = None) -> Self:
        """Open the model.onnx and weights.bin in `directory`; see `open_session`."""
        return cls(open_session(directory, threads=threads), served)

    def preparing(self, how: Resolved) -> Classifier:
        """The same open model behind another way of preparing images.

        Raises:
            ReleaseError: the model does not take such tensors.
        """
        return Classifier(self._open_session(), replace(self.served, preprocess=how))

    def close(self) -> None:
        """Let go of the session; the classifier cannot be used any more."""
        self._session = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def classify(
        self, image: Source, top_k: int = DEFAULT_TOP_K, *, name: str | None = None
    ) -> Result:
        """Classify one image: a path, encoded bytes, a Pillow image, or an array of uint8.

        Args:
            image: what to classify.
            top_k: how many labels.
            name: stands in the result instead of the path.

        Raises:
            ImageError: the image cannot be used.
        """
        session = self._open_session()
        check_top_k(top_k)
        called = name_of(image, 0) if name is None else name
        how = self.served.preprocess
        prepared = prepare(image, how, Place(called, empty_batch(how, 1), 0))
        result = next(self._answer(session, [prepared], top_k))
        if result.error is not None:
            prefix = f"{called}: " if isinstance(called, str) else ""
            raise ImageError(f"{prefix}{result.error.what}", hint=result.error.hint)
        return result

    def classify_many(
        self,
        images: Iterable[Source],
        top_k: int = DEFAULT_TOP_K,
        batch_size: int = DEFAULT_BATCH_SIZE,
    ) -> Iterator[Result]:
        """Classify a row of images, in order; decoding and the model run side by side.

        `images` may be endless: it is drawn as results are, by some two batches ahead.
        An image that cannot be used gives a Result with an error.
        """
        session = self._open_session()
        check_top_k(top_k)
        if isinstance(images, str | bytes | os.PathLike):
            raise InputError(
                f"{type(images).__name__} is one image, a row of images is needed",
                hint="write classify(image), or classify_many([image])",
            )
        if batch_size < 1:
            raise InputError(f"the batch size is {batch_size}", hint="give 1 or more")
        return self._classify_row(session, images, top_k, batch_size)

    def predict(self, batch: Array) -> dict[str, Array]:
        """Run the model on a ready tensor: the batch axis first, scaled as in training.

        Returns:
            Every output by its name.

        Raises:
            InputError: the tensor does not fit the model's input.
        """
        session = self._open_session()
        tensor = fitting_tensor(batch, self._input)
        values = run(session, self._outputs, {self._input.name: tensor})
        return dict(zip(self._outputs, values, strict=True))

    def _classify_row(
        self, session: Session, images: Iterable[Source], top_k: int, batch_size: int
    ) -> Iterator[Result]:
        from .lookahead import look_ahead  # a pool of threads: not for a Lambda's cold start

        how = self.served.preprocess
        workers = cores()
        row = look_ahead(
            lambda job: prepare(job[0], how, job[1]),
            self._places(images, batch_size),
            workers=workers,
            ahead=batch_size + workers,
        )
        batch: list[Prepared] = []
        with closing(row):
            for prepared in row:
                batch.append(prepared)
                if len(batch) == batch_size:
                    yield from self._answer(session, batch, top_k)
                    batch = []
        yield from self._answer(session, batch, top_k)

    def _places(self, images: Iterable[Source], batch_size: int) -> Iterator[tuple[Source, Place]]:
        for index, image in enumerate(images):
            row = index % batch_size
            if row == 0:
                batch = empty_batch(self.served.preprocess, batch_size)
            yield image, Place(name_of(image, index), batch, row)

    def _answer(
        self, session: Session, prepared: Sequence[Prepared], top_k: int
    ) -> Iterator[Result]:
        """Run the model on one batch, which the prepared images share from its first row on."""
        good = [index for index, image in enumerate(prepared) if image.error is None]
        answers: dict[int, Array] = {}
        infer_ms = 0.0
        if good:
            batch = prepared[0].place.batch
            tensor = batch[: len(good)] if len(good) == len(prepared) else batch[good]
            started = perf_counter()
            (values,) = run(session, (self.served.output,), {self._input.name: tensor})
            infer_ms = (perf_counter() - started) * 1000 / len(good)
            answers = dict(zip(good, values, strict=True))
        for index, image in enumerate(prepared):
            yield self._result(image, answers.get(index), infer_ms, top_k)

    def _result(self, image: Prepared, output: Array | None, infer_ms: float, top_k: int) -> Result:
        served = self.served
        origin = (image.place.name, served.model, served.stage, served.release)
        if output is None:
            return Result(*origin, error=image.error)
        try:
            predictions = self._head.answer(output, top_k)
        except ImageError as error:
            return Result(*origin, error=error)
        timings = Timings(image.decode_ms, image.preprocess_ms, infer_ms)
        return Result(*origin, predictions, timings, note=image.note)

    def _open_session(self) -> Session:
        session = self._session
        if session is None:
            raise InputError(f"{self.served.model} is closed", hint="open the model again")
        return session
