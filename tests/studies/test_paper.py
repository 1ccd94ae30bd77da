"""What the paper says can be looked for in its studies."""

import pytest

from explorer.studies import STUDIES
from explorer.studies.claims import judge
from explorer.studies.measured import finds_none
from explorer.studies.paper import CLAIMS, against_the_paper, in_short
from tests.studies.made import made


def test_every_figure_has_claims_and_every_claim_a_figure():
    assert set(CLAIMS) == {study.figure for study in STUDIES.values()}


@pytest.mark.parametrize("figure", CLAIMS)
def test_a_claim_is_measured_in_experiments_of_its_figure(figure):
    paper = STUDIES[f"figure-{figure}-paper"]
    for claim in CLAIMS[figure]:
        assert set(claim.labels) <= set(paper.labels)
        assert claim.paper is None or claim.accepted[0] <= claim.paper <= claim.accepted[1]


@pytest.mark.parametrize("name", [study.name for study in STUDIES.values() if study.size in ("paper", "talk")])
def test_every_claim_can_be_judged_where_nothing_ever_changes(name):
    """All networks are alike: nothing fails, and no order holds of what is the same."""
    study = STUDIES[name]
    states = {
        label: made(e.but(replicates=1, ticket_draws=1, reinit_draws=e.reinit_draws and 1))
        for label, e in study.experiments
    }
    rows = against_the_paper(study, states)
    assert len(rows) == len(CLAIMS[study.figure])
    for row, claim in zip(rows, CLAIMS[study.figure], strict=True):
        assert row.judgement == "reproduced" or row.reason or row.here == "no"
        assert claim.paper is not None or claim.measure is finds_none or row.here in ("", "no"), row.says


def test_the_papers_own_numbers_are_reproduced():
    """A search that is as Figure 4a: what it says of tickets and reinits is found again."""
    study = STUDIES["figure-4a-paper"]

    def stops(network):
        if network.variant == "ticket":
            return 10_000 if network.level == 0 else 6_200
        return 15_600

    def accuracies(network):
        dense = 0.98
        density = study.experiments[0][1].density(network.level)
        if network.variant == "ticket":
            return dense + (0.003 if 0.03 < density < 1 else 0 if density == 1 else -0.001)
        return dense - (0.002 if density < 0.22 else -0.001)

    states = {label: made(experiment.but(reinit_draws=1), stops, accuracies) for label, experiment in study.experiments}
    rows = against_the_paper(study, states)
    assert {row.judgement for row in rows} == {"reproduced"}
    assert next(row.here for row in rows if "stop earlier than dense" in row.says) == "38%"
    assert next(row.here for row in rows if "stop earlier than random reinits" in row.says) == "2.52×"


def test_a_study_of_ones_own_is_held_against_nothing():
    study = STUDIES["figure-3-talk"]
    own = type(study)("own", "Own", "One of one's own.", study.experiments)
    assert against_the_paper(own, {}) == []


def test_at_the_papers_size_levels_lead_down_to_every_density_that_is_claimed():
    for figure, claims in CLAIMS.items():
        study = STUDIES[f"figure-{figure}-paper"]
        states = {
            label: made(e.but(replicates=1, reinit_draws=0, reinit="drawn", noise=1.0, sparse_draws=0))
            for label, e in study.experiments
        }
        for claim in claims:
            assert "only" not in judge(claim, study, states).reason


def test_nothing_is_said_to_be_incomparable_that_is_not_finished():
    study = STUDIES["figure-4c-talk"]
    assert in_short(against_the_paper(study, {})) == "3 claims of the paper, to be judged when the study is finished."
