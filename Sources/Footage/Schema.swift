// SPDX-License-Identifier: Apache-2.0

/// The index's tables.
///
/// A released step is never changed: later versions add steps.
enum Schema {
    /// The version that this program writes, and the highest that it reads.
    static let version: Int64 = Int64(steps.count)

    /// What leads from each version to the next.
    static let steps = [
        """
        CREATE TABLE runs (             -- an unbroken sequence of chunks: one connection, one clock mapping
            id       INTEGER PRIMARY KEY,
            camera   TEXT    NOT NULL,
            start    INTEGER NOT NULL   -- time of the first frame, ns since 1970 UTC
        ) STRICT;

        CREATE TABLE chunks (           -- finished chunks: the file is complete and durable before its row is here
            id       INTEGER PRIMARY KEY,
            run      INTEGER NOT NULL REFERENCES runs (id),
            camera   TEXT    NOT NULL,
            sequence INTEGER NOT NULL,  -- place in the run, from 0: the order that does not depend on a clock
            start    INTEGER NOT NULL,  -- time of the first frame, ns since 1970 UTC
            duration INTEGER NOT NULL,  -- ns
            frames   INTEGER NOT NULL,
            bytes    INTEGER NOT NULL,  -- size of the file
            path     TEXT    NOT NULL UNIQUE  -- relative to the store's directory
        ) STRICT;

        -- A chunk's length is bounded, so a question about a span is one range scan of this.
        CREATE INDEX chunks_by_time ON chunks (camera, start);
        """
    ]
}
