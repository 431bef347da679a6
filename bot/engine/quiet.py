"""Imported before Rasa: no telemetry, no training cache in the project, no chatter of TensorFlow, no idle spinning of threads, no JAX."""

import logging
import os
import sys

os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ["RASA_MAX_CACHE_SIZE"] = "0"
os.environ.setdefault("LOG_LEVEL", "ERROR")  # Rasa looks here to leave its progress bars out
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("SQLALCHEMY_WARN_20", "0")
# TensorFlow imports it when it is there, for models that nobody has here: 64 MB of each process, a fifth of the time that its import takes.
sys.modules["jax"] = None  # type: ignore[assignment]
# Rasa and TensorFlow set the warning filters themselves; this way their warnings go to a logger, and that to nobody until logs.configure().
logging.captureWarnings(True)
