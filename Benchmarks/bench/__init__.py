# SPDX-License-Identifier: Apache-2.0
"""What the scenarios are made of: measurements, processes, Martlet's configuration, a source of streams, reports."""
