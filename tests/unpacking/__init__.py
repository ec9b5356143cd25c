"""Tests of packages that are unpacked at a cold start."""
