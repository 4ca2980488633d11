"""Tests of the stages."""

from pathlib import Path

from packhorse.core.doctor.finding import ExaminationStage
from tests.support.layout import REPOSITORY

EDITOR = Path("godot_addon/addons/packhorse/core/doctor/finding.gd")


def test_every_stage_has_a_name_for_people() -> None:
    assert all(stage.label for stage in ExaminationStage)


def test_first_stages_are_those_of_the_editor() -> None:
    text = (REPOSITORY / EDITOR).read_text("utf-8")
    for stage in list(ExaminationStage)[:6]:
        assert f'Stage.{stage.name}: "{stage.label}"' in text
