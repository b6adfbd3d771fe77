"""The best configuration that takes at most a share of full data's samples."""

from collections.abc import Sequence
from os.path import lexists

from class_sweep.config.document import Space
from class_sweep.errors import ResultsError
from class_sweep.results import formatting
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.provenance import require_known_settings
from class_sweep.results.record import Record
from class_sweep.results.space_files import config_yaml, samples_of_full_data, trial_yaml


def best_at_share(
    space: Space, folder: ResultsFolder, ranked: Sequence[Record], share: float
) -> tuple[str, str]:
    """The configuration as a space file, and a sentence that says where it comes from.

    The configurations that the confirmation trained under several seeds come first, stopped full
    data included; without one, it is the best single run of the search.

    Args:
        space: The search space.
        folder: The results folder.
        ranked: The finished trials, best first.
        share: The largest share of full data's samples, in (0, 1].

    Raises:
        ResultsError: If every configuration takes more, or a file of the folder is damaged.
    """
    full, name = folder.read_summary().full_samples, folder.path.resolve().name
    most = share * full + 0.5  # full data stopped at this share ends at a whole sample
    limit = f"at most {100 * share:g} % of full data's samples"
    metric, sign = space.objective.metric, space.objective.sign
    arms = folder.read_verdict().arms if lexists(folder.verdict) else []
    trained = [arm for arm in arms if arm.samples <= most and metric in arm.metrics]
    if trained:
        best = max(trained, key=lambda arm: (sign * arm.metrics[metric].mean, -arm.samples))
        value = formatting.metric(metric, best.metrics[metric].mean)
        note = f"The best confirmed mean of {name} with {limit}: {best.arm}."
        seeds = f"{space.objective} {value}, the mean over {len(best.seeds)} seeds"
        seen = samples_of_full_data(best.samples, best.share_of_full_data)
        head = [note, f"{best.arm}: {seen}, {seeds}"]
        return config_yaml(space, best.config, head), note
    single = next((record for record in ranked if record.samples <= most), None)
    if single is None:
        least = min((record.samples for record in ranked), default=full)
        raise ResultsError(
            f"a configuration must take {limit}, and none in {folder.path} does: the least is"
            f" {100 * least / full:.1f} %"
        )
    require_known_settings(space, [single])
    note = f"The best single run of {name} with {limit}: one seed, selected, not confirmed."
    return trial_yaml(space, single, note, full), note
