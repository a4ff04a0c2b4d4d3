# SPDX-License-Identifier: Apache-2.0
"""A scenario a file: `measure(context)` yields measurements; the docstring's first line says what they answer."""
