// SPDX-License-Identifier: Apache-2.0

extension Schema {
    /// The first version.
    static let version1 = """
        CREATE TABLE store (             -- one row
            id         TEXT    NOT NULL, -- the directory's identity, a UUID, as in its .id and in every chunk
            is_clean   INTEGER NOT NULL  -- 1 after a stop in good order; 0 while a process has it, and after a crash
        ) STRICT;

        CREATE TABLE runs (              -- an unbroken sequence of chunks: one connection, one clock mapping
            id         INTEGER PRIMARY KEY,
            identity   TEXT    NOT NULL UNIQUE, -- a UUID, known wherever the run's chunks are
            camera     TEXT    NOT NULL,
            boot       TEXT    NOT NULL, -- which start of the machine media times count in (boot_id)
            clock      TEXT    NOT NULL, -- how its times are known: unsynchronised, synchronised, restamped, captured
            offset     INTEGER NOT NULL  -- wall clock at media time 0, ns since 1970 UTC
        ) STRICT;
        CREATE INDEX runs_to_restamp ON runs (boot) WHERE clock = 'unsynchronised';

        CREATE TABLE chunks (
            id         INTEGER PRIMARY KEY, -- rises in the order in which chunks were begun: what is deleted first
            run        INTEGER NOT NULL REFERENCES runs (id),
            camera     TEXT    NOT NULL,
            sequence   INTEGER NOT NULL, -- place in the run, from 0
            state      TEXT    NOT NULL, -- open, complete, repaired, damaged, deleting
            origin     TEXT    NOT NULL, -- live, card
            protected  INTEGER NOT NULL DEFAULT 0, -- 1: never deleted to make room
            start      INTEGER NOT NULL, -- time of the first frame, ns since 1970 UTC: media_time + the run's offset
            duration   INTEGER NOT NULL, -- ns
            media_time INTEGER NOT NULL, -- of the first frame, ns of the monotonic clock
            frames     INTEGER NOT NULL,
            bytes      INTEGER NOT NULL, -- size of the file
            allocated  INTEGER NOT NULL, -- what it takes on the disk, as the quota counts it
            sha256     BLOB,             -- of the whole file; NULL until it was computed
            path       TEXT    NOT NULL UNIQUE -- the finished file, relative to the store's directory
        ) STRICT;
        -- A chunk's length is bounded, so a question about a span is one range scan of this.
        CREATE INDEX chunks_by_time ON chunks (camera, start);
        CREATE INDEX chunks_by_age ON chunks (camera, id) WHERE protected = 0;
        CREATE INDEX chunks_of_run ON chunks (run);
        CREATE INDEX chunks_without_digest ON chunks (id) WHERE sha256 IS NULL;
        CREATE INDEX chunks_unfinished ON chunks (state) WHERE state IN ('open', 'deleting');

        CREATE TABLE gaps (              -- spans that are known not to be there
            id         INTEGER PRIMARY KEY,
            camera     TEXT    NOT NULL,
            start      INTEGER NOT NULL, -- ns since 1970 UTC
            end        INTEGER,          -- NULL while it lasts
            reason     TEXT    NOT NULL,
            detail     TEXT    NOT NULL  -- what was said of it at the time
        ) STRICT;
        CREATE INDEX gaps_by_time ON gaps (camera, start);

        CREATE TABLE faults (            -- what went wrong, the newest ten thousand
            id         INTEGER PRIMARY KEY,
            time       INTEGER NOT NULL, -- ns since 1970 UTC
            camera     TEXT    NOT NULL, -- '' for the store as a whole
            text       TEXT    NOT NULL
        ) STRICT;
        """
}
