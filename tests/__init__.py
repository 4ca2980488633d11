"""Tests of Packhorse; CONTRIBUTING.md says what each folder holds."""
