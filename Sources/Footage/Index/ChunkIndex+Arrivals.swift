// SPDX-License-Identifier: Apache-2.0
internal import SQLite

extension ChunkIndex {
    /// Whether a file with this digest has come before, and is still there as a chunk.
    package func hasArrived(_ digest: [UInt8]) throws(Failure) -> Bool {
        try read { database throws(Database.Failure) in
            try !database.query("SELECT 1 FROM arrivals WHERE sha256 = ?", .blob(digest)).isEmpty
        }
    }

    /// A file with this digest has become a chunk; durable when this returns, as the chunk's row is then.
    package func noteArrival(_ digest: [UInt8], as chunk: Int64) throws(Failure) {
        try write(durably: true) { database throws(Database.Failure) in
            try database.query("INSERT OR REPLACE INTO arrivals VALUES (?, ?)", .blob(digest), .integer(chunk))
        }
    }

    /// The run with an identity, if it is known here.
    package func run(identity: String) throws(Failure) -> (key: Int64, run: Run)? {
        let key = try read { database throws(Database.Failure) in
            try database.query("SELECT id FROM runs WHERE identity = ?", .text(identity)).first?.integer(0)
        }
        guard let key, let run = try run(key) else { return nil }
        return (key, run)
    }
}
