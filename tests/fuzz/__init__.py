"""Coverage-guided fuzzing of the decoders and the pure state machines (atheris).

    python -m tests.fuzz                      every target, 60 seconds in all
    python -m tests.fuzz relay --seconds 600  one target
    python -m tests.fuzz --keep               keep the smallest inputs that reach everything

A target is a module of `targets` with `run(data)`, which raises when the product breaks a
rule, and `seeds()`. What runs find is below .cache/fuzz; what is kept is in `corpus` and
replayed by tests/property/test_fuzz_corpus.py, which needs no fuzzer.
"""
