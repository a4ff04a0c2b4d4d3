# SPDX-License-Identifier: Apache-2.0


class Refusal(Exception):
    """An answer that is no: a problem document, with members of its own if there are any."""

    def __init__(self, status, detail, headers=None, document=None):
        self.status, self.detail, self.headers, self.document = status, detail, headers or {}, document or {}
