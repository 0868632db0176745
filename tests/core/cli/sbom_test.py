"""`sbom` in a clone, where there is no package. The tests of packages check its output."""

from core.cli.program_runs import outputs


def test_in_a_clone_the_message_says_how_to_get_a_bill_of_materials() -> None:
    [shown] = outputs([({}, ["sbom"])])
    assert shown.endswith(
        "sample: Only a PEX file has a bill of materials. Print it with: "
        "./pants package src/python/apps/sample:pex && python3 dist/sample.pex sbom\n"
    )
