extends "res://tests/test_case.gd"
## Series, rates and figures in words.

const Figures := preload("res://addons/packhorse/core/monitoring/figures.gd")
const RateMeter := preload("res://addons/packhorse/core/monitoring/rate_meter.gd")
const Series := preload("res://addons/packhorse/core/monitoring/series.gd")


func test_series_keeps_the_latest_values_in_order() -> void:
	var series := Series.new(3)
	for value: float in [9.0, 1.0, 4.0, 2.0]:
		series.add(value)

	assert_eq(series.values, PackedFloat32Array([1.0, 4.0, 2.0]), "values")
	assert_eq(series.latest(), 2.0, "latest")
	assert_eq(series.largest(), 4.0, "largest")


func test_empty_series_is_zero() -> void:
	assert_eq(Series.new(3).latest(), 0.0, "latest")
	assert_eq(Series.new(3).largest(), 0.0, "largest")


func test_rate_is_the_growth_in_a_second() -> void:
	var meter := RateMeter.new()

	assert_eq(meter.add(1000.0, 5.0), 0.0, "first sample")
	assert_eq(meter.add(1500.0, 5.5), 1000.0, "second sample")
	assert_eq(meter.add(1500.0, 6.5), 0.0, "no growth")


func test_rate_ignores_samples_that_come_too_soon() -> void:
	var meter := RateMeter.new(0.5)
	meter.add(0.0, 0.0)
	meter.add(100.0, 1.0)

	assert_eq(meter.add(900.0, 1.1), 100.0, "too soon")
	assert_eq(meter.add(1100.0, 2.0), 1000.0, "nothing is forgotten")


func test_rate_of_a_counter_that_starts_anew_is_zero() -> void:
	var meter := RateMeter.new()
	meter.add(5000.0, 0.0)

	assert_eq(meter.add(10.0, 1.0), 0.0, "new counter")
	assert_eq(meter.add(30.0, 2.0), 20.0, "after it")


func test_figures_are_short_words() -> void:
	assert_eq(Figures.duration(-1.0), "–", "unknown")
	assert_eq(Figures.duration(0.0042), "4.2 ms", "short time")
	assert_eq(Figures.duration(0.1234), "123 ms", "time")
	assert_eq(Figures.duration(2.345), "2.3 s", "long time")
	assert_eq(Figures.fraction(0.0), "0 %", "no loss")
	assert_eq(Figures.fraction(0.0125), "1.2 %", "loss")
	assert_eq(Figures.fraction(0.5), "50 %", "large loss")
	assert_eq(Figures.size(999.0), "999 B", "bytes")
	assert_eq(Figures.size(1000.0), "1.0 kB", "kilobytes")
	assert_eq(Figures.rate(123456.0), "123 kB/s", "rate")
	assert_eq(Figures.size(2.5e9), "2.5 GB", "gigabytes")
	assert_eq(Figures.size(1.0e13), "10000 GB", "beyond the units")
