// SPDX-License-Identifier: Apache-2.0

extension Schema {
    /// What a store knows of its cameras' cards, and a camera of its store.
    static let version3 = """
        ALTER TABLE chunks ADD COLUMN turn INTEGER NOT NULL DEFAULT 0; -- when it is to be deleted: its id, or that of
                                         -- the chunk before it in time, for footage that came afterwards
        UPDATE chunks SET turn = id;
        ALTER TABLE chunks ADD COLUMN acknowledged INTEGER NOT NULL DEFAULT 0; -- 1: a store has all of it
        ALTER TABLE chunks ADD COLUMN declined INTEGER NOT NULL DEFAULT 0; -- 1: a store does not want it
        ALTER TABLE runs ADD COLUMN source TEXT; -- the camera's own run, in whose media time the run's chunks count; NULL
                                         -- for live footage, whose media time is this machine's
        DROP INDEX chunks_by_age;
        CREATE INDEX chunks_by_turn ON chunks (acknowledged DESC, turn) WHERE protected = 0;
        CREATE INDEX chunks_by_age ON chunks (camera, acknowledged DESC, turn) WHERE protected = 0;
        CREATE INDEX chunks_acknowledged ON chunks (camera, start) WHERE acknowledged = 1;
        CREATE INDEX runs_by_source ON runs (source) WHERE source IS NOT NULL;

        CREATE TABLE cuts (              -- parts of live chunks in whose place footage of the camera's card stands
            chunk      INTEGER NOT NULL REFERENCES chunks (id) ON DELETE CASCADE,
            source     INTEGER NOT NULL REFERENCES chunks (id) ON DELETE CASCADE, -- what stands there instead
            start      INTEGER NOT NULL, -- media time of the first frame that is not to be shown, ns
            end        INTEGER NOT NULL, -- media time behind the last
            origin     INTEGER NOT NULL  -- media time at which the source begins
        ) STRICT;
        CREATE INDEX cuts_of_chunk ON cuts (chunk);
        CREATE INDEX cuts_by_source ON cuts (source);

        CREATE TABLE acknowledgements ( -- on a camera: whether a store takes its footage
            camera     TEXT    PRIMARY KEY,
            until      INTEGER NOT NULL  -- when the newest begins of what one has, ns since 1970
        ) STRICT;
        CREATE TABLE cards (             -- of each camera the card that it has now
            camera     TEXT    PRIMARY KEY,
            identity   TEXT    NOT NULL, -- of its directory of chunks; another one is another card
            since      INTEGER NOT NULL  -- what was filmed before the camera was known here is not fetched; ns since 1970
        ) STRICT;
        CREATE TABLE card_boots (        -- which time it is here when a camera's monotonic clock shows 0
            boot       TEXT    PRIMARY KEY,
            camera     TEXT    NOT NULL,
            offset     INTEGER NOT NULL  -- ns since 1970
        ) STRICT;
        CREATE TABLE card_chunks (       -- chunks on the cards, with which this store is done
            card       TEXT    NOT NULL,
            id         INTEGER NOT NULL, -- the chunk's number there
            state      TEXT    NOT NULL, -- held, declined
            PRIMARY KEY (card, id)
        ) STRICT, WITHOUT ROWID;
        """
}
