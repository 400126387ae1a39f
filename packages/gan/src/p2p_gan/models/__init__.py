"""The self-describing model file: its card, its tensors, and conversion from and to the reference implementation.

Nothing here may train, apply a model or run pickled code.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.models.card import ModelCard
    from p2p_gan.models.model import Model, read_model, save_model
    from p2p_gan.models.reference import ExportSummary, ImportSummary, export_reference, import_model
else:
    __getattr__, __dir__ = open_door(
        __name__,
        card="ModelCard",
        model="Model read_model save_model",
        reference="ExportSummary ImportSummary export_reference import_model",
    )

__all__ = [
    "ExportSummary",
    "ImportSummary",
    "Model",
    "ModelCard",
    "export_reference",
    "import_model",
    "read_model",
    "save_model",
]
