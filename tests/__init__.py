"""Tests. This file keeps pytest from taking a test folder for the package of the same name."""
