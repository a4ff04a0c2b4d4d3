// SPDX-License-Identifier: Apache-2.0

extension Schema {
    /// How much moved in each second of a chunk.
    static let version2 = """
        ALTER TABLE chunks ADD COLUMN has_movement INTEGER NOT NULL DEFAULT 0; -- 1: there is a row of it in movement
        CREATE INDEX chunks_without_movement ON chunks (id) WHERE has_movement = 0;
        CREATE TABLE movement (          -- apart from chunks, whose scans stay short so
            chunk      INTEGER PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE,
            seconds    BLOB    NOT NULL  -- a byte a second from the chunk's beginning; 0 where nothing is known
        ) STRICT;
        """
}
