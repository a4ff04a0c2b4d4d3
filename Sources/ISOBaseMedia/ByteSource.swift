// SPDX-License-Identifier: Apache-2.0

/// A file's bytes, read wherever they are wanted.
///
/// The file may grow meanwhile; what was there once stays as it is.
package protocol ByteSource<Failure> {
    /// Why bytes could not be read.
    associatedtype Failure: Error

    /// How many bytes there are now.
    func byteCount() throws(Failure) -> UInt64

    /// Returns the bytes of the range, or those of them that the file has.
    func read(_ range: Range<UInt64>) throws(Failure) -> [UInt8]
}

/// Bytes in memory are a source that never fails.
extension [UInt8]: ByteSource {
    package typealias Failure = Never

    package func byteCount() -> UInt64 { UInt64(count) }

    package func read(_ range: Range<UInt64>) -> [UInt8] {
        Array(self[Int(Swift.min(range.lowerBound, byteCount()))..<Int(Swift.min(range.upperBound, byteCount()))])
    }
}

/// What is wrong with a file's boxes, and where.
package struct Malformed: Error, Equatable, CustomStringConvertible {
    /// Where in the file it was noticed.
    package let offset: UInt64
    package let problem: String

    package init(_ problem: String, at offset: UInt64) {
        self.problem = problem
        self.offset = offset
    }

    package var description: String { "\(problem), at byte \(offset)" }
}

/// Why a file tells no samples.
package enum ReadError<Failure: Error>: Error {
    /// The bytes could not be read.
    case source(Failure)
    /// They are not what they ought to be.
    case malformed(Malformed)
    /// There is no complete `moov`: none has been written yet, or none was before the file was torn.
    case noMovie
}

extension ReadError: Equatable where Failure: Equatable {}
