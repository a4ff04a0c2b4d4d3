// SPDX-License-Identifier: Apache-2.0

extension Schema {
    /// What is still to be brought elsewhere as a file, and what came as one.
    static let version4 = """
        CREATE TABLE upload_targets (    -- places that finished chunks are brought to
            id         INTEGER PRIMARY KEY,
            url        TEXT    NOT NULL UNIQUE,
            deleted    INTEGER NOT NULL DEFAULT 0 -- chunks that were deleted before they had been brought there
        ) STRICT;
        CREATE TABLE upload_queue (      -- finished chunks that a place does not have yet
            target     INTEGER NOT NULL REFERENCES upload_targets (id) ON DELETE CASCADE,
            chunk      INTEGER NOT NULL REFERENCES chunks (id) ON DELETE CASCADE,
            PRIMARY KEY (target, chunk)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX upload_queue_by_chunk ON upload_queue (chunk);
        CREATE TRIGGER upload_finished AFTER UPDATE OF state ON chunks
        WHEN NEW.state IN ('complete', 'repaired') AND OLD.state = 'open' BEGIN
            INSERT OR IGNORE INTO upload_queue SELECT id, NEW.id FROM upload_targets;
        END;
        CREATE TRIGGER upload_added AFTER INSERT ON chunks WHEN NEW.state IN ('complete', 'repaired') BEGIN
            INSERT OR IGNORE INTO upload_queue SELECT id, NEW.id FROM upload_targets;
        END;
        CREATE TRIGGER upload_missed BEFORE DELETE ON chunks BEGIN
            UPDATE upload_targets SET deleted = deleted + 1
            WHERE id IN (SELECT target FROM upload_queue WHERE chunk = OLD.id);
        END;

        CREATE TABLE arrivals (          -- files that came from elsewhere, and are chunks now
            sha256     BLOB    PRIMARY KEY, -- of the whole file, as it came
            chunk      INTEGER NOT NULL REFERENCES chunks (id) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX arrivals_by_chunk ON arrivals (chunk);
        """
}
