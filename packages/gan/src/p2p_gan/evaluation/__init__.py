"""Scores of generated pictures against real ones, and of masks against masks.

Nothing here may train, or decide which model is better.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.evaluation.against import ModelComparison, compare_models, compare_models_into
    from p2p_gan.evaluation.cautions import Caution
    from p2p_gan.evaluation.comparison import ScoreComparison, ScoreDifference
    from p2p_gan.evaluation.export import Difference, ModelExport, export_onnx, export_safetensors, export_torchscript
    from p2p_gan.evaluation.features import KidEstimate, estimate_kid
    from p2p_gan.evaluation.mask_agreement import Agreement, ClassIoU
    from p2p_gan.evaluation.pair_scores import PairRecord, PairScores
    from p2p_gan.evaluation.scores import Diversity, EvaluationRequest, Scores, evaluate
    from p2p_gan.evaluation.tally import BesideReal
    from p2p_gan.evaluation.work import evaluate_into
else:
    __getattr__, __dir__ = open_door(
        __name__,
        against="ModelComparison compare_models compare_models_into",
        cautions="Caution",
        comparison="ScoreComparison ScoreDifference",
        export="Difference ModelExport export_onnx export_safetensors export_torchscript",
        features="KidEstimate estimate_kid",
        mask_agreement="Agreement ClassIoU",
        pair_scores="PairRecord PairScores",
        scores="EvaluationRequest Diversity Scores evaluate",
        tally="BesideReal",
        work="evaluate_into",
    )

__all__ = [
    "Agreement",
    "BesideReal",
    "Caution",
    "ClassIoU",
    "Difference",
    "Diversity",
    "EvaluationRequest",
    "KidEstimate",
    "ModelComparison",
    "ModelExport",
    "PairRecord",
    "PairScores",
    "ScoreComparison",
    "ScoreDifference",
    "Scores",
    "compare_models",
    "compare_models_into",
    "estimate_kid",
    "evaluate",
    "evaluate_into",
    "export_onnx",
    "export_safetensors",
    "export_torchscript",
]
