// SPDX-License-Identifier: Apache-2.0
package import Footage
package import GLib

/// A camera's card, as a store asks for what is on it.
@MainLoop package protocol Card: AnyObject {
    /// The chunks behind a number that were not acknowledged yet, or all.
    func listing(after chunk: Int64, acknowledged: Bool) async throws -> CardListing

    /// A chunk's index, and the size of its file in bytes; `nil` while it holds no frame.
    func index(of chunk: Int64) async throws -> (index: [UInt8], bytes: UInt64)?

    /// SHA-256 of frames, in hexadecimal.
    func hashes(of chunk: Int64, frames: Range<Int>) async throws -> [String]

    /// Hands out a part of a chunk's file, piece by piece, as fast as they are taken.
    func read(_ range: Range<UInt64>, of chunk: Int64, _ part: @MainLoop ([UInt8]) async throws -> Void) async throws

    /// Says that these may be deleted first; or, of those that are not wanted here, in their turn.
    func acknowledge(_ chunks: [Int64], on card: String, declined: Bool) async throws
}

/// Why a card gives one of its chunks not, in words for the user; others it may give.
package struct CardRefusal: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// What a card says that cannot be so.
package struct CardFault: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
