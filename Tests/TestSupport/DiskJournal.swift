// SPDX-License-Identifier: Apache-2.0
internal import Foundation

/// What a program did to the files below a folder, in order, as the fault layer wrote it down.
package struct DiskJournal: Sendable {
    /// One operation, done when the journal has it.
    package struct Entry: Sendable {
        /// As in FaultLayer.h.
        package enum Kind: UInt32, Sendable {
            case create = 1
            case write, truncate, rename, link, unlink, mkdir, rmdir, syncBegin, syncEnd, said
        }

        package let kind: Kind
        /// Of a sync: whether it is one of the data alone (`fdatasync`).
        package let isDataSync: Bool
        /// `CLOCK_MONOTONIC`, in nanoseconds.
        package let time: Int64
        /// The file's inode, which another file may get later.
        package let node: UInt64
        /// Where a write begins, a truncated file's size, or a sync's number.
        package let offset: Int
        /// Relative to the folder; empty for the folder itself.
        package let path: String
        /// A renamed file's new path.
        package let other: String
        package let data: [UInt8]

        /// What the program wrote to its standard error.
        package var text: String { String(decoding: data, as: UTF8.self) }
    }

    package private(set) var entries: [Entry] = []

    /// Reads a journal of what happened below `folder`.
    package init(_ path: String, below folder: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
        var offset = 0
        func number<Number: FixedWidthInteger>() -> Number {
            defer { offset += MemoryLayout<Number>.size }
            return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
        }
        func take(_ count: Int) -> Data {
            defer { offset += count }
            return bytes[offset..<offset + count]
        }
        func relative(_ count: Int) -> String {
            let path = String(decoding: take(count), as: UTF8.self)
            return path.hasPrefix(folder) ? String(path.dropFirst(folder.count + 1)) : path
        }
        while offset + 48 <= bytes.count {
            let kind: UInt32 = number()
            let flags: UInt32 = number()
            let (time, node, position) = (number() as Int64, number() as UInt64, number() as Int64)
            let (pathLength, otherLength) = (Int(number() as UInt32), Int(number() as UInt32))
            let dataLength = Int(number() as UInt64)
            guard let kind = Entry.Kind(rawValue: kind), offset + pathLength + otherLength + dataLength <= bytes.count
            else { throw CommandFailure(description: "\(path) is no journal at byte \(offset)") }
            entries.append(
                Entry(
                    kind: kind,
                    isDataSync: flags != 0,
                    time: time,
                    node: node,
                    offset: Int(position),
                    path: relative(pathLength),
                    other: relative(otherLength),
                    data: Array(take(dataLength))
                )
            )
        }
    }

    /// What a program's environment must have to write a journal; `control` is where a test may order faults.
    package static func environment(
        below folder: String,
        journal: String? = nil,
        control: String? = nil
    ) throws
        -> [String: String]
    {
        var variables = ["LD_PRELOAD": try Product.file("libFaultLayer.so"), "FAULT_LAYER_BELOW": folder]
        variables["FAULT_LAYER_JOURNAL"] = journal
        variables["FAULT_LAYER_CONTROL"] = control
        return variables
    }
}
