// SPDX-License-Identifier: Apache-2.0

/// A picture's NAL units as MP4 has them: each behind its length in four bytes (ISO/IEC 14496-15, 5.3.2), parameter sets
/// left out.
package struct AccessUnit {
    /// There during the call that hands it over only.
    package let bytes: UnsafeRawBufferPointer
    /// Of its packets.
    package let timestamp: UInt32
    /// Whether decoding can begin here.
    package let isKeyframe: Bool

    /// The NAL units, without their lengths.
    package var units: [[UInt8]] {
        var units: [[UInt8]] = []
        var rest = bytes[...]
        while rest.count > 4 {
            let length = Int(UnsafeRawBufferPointer(rebasing: rest).number32(at: 0))
            rest = rest.dropFirst(4)
            units.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return units
    }
}

/// What a NAL unit is to the access unit that it belongs to.
struct NALUnitRole {
    /// A slice of a picture.
    var isSlice = false
    /// The picture before it is complete.
    var endsPicture = false
    /// Decoding can begin with its picture.
    var isKey = false
    /// It is a parameter set; one that ends before its number has none.
    var isParameterSet = false
    var setName: ParameterSets.Name?
}

/// Puts NAL units together into access units.
///
/// The marker of a picture's last packet is not mandatory, and not always true: a picture also ends where the next begins,
/// and where the timestamp changes.
struct AccessUnitBuilder: Sendable {
    let codec: Codec
    private(set) var sets = ParameterSets()
    /// Finished units, and behind them the one that is being put together.
    private var bytes: [UInt8] = []
    /// Where that one begins.
    private var unitStart: Int?
    private var timestamp: UInt32 = 0
    private var hasSlice = false
    private var isKeyframe = false
    /// Packets were lost since the last picture.
    private var hasLoss = false

    /// Larger than any picture: what comes then is thrown away.
    private static let limit = 32 << 20
    /// Room for a picture of this size is kept for the next.
    private static let usual = 1 << 20

    init(_ codec: Codec) { self.codec = codec }

    /// A NAL unit that comes in pieces begins with its header, of one byte or two.
    mutating func beginUnit(_ header: (UInt8, UInt8?)) {
        beginUnit(of: 2)
        bytes.append(header.0)
        if let second = header.1 { bytes.append(second) }
    }

    private mutating func beginUnit(of size: Int) {
        dropUnit()
        // Units without a picture, and without end.
        if bytes.count + size > Self.limit {
            bytes = []
            (hasSlice, isKeyframe) = (false, false)
        }
        unitStart = bytes.count
        // For its length.
        bytes.append(contentsOf: repeatElement(0, count: 4))
    }

    mutating func continueUnit(_ piece: UnsafeRawBufferPointer) {
        guard unitStart != nil else { return }
        guard bytes.count + piece.count <= Self.limit else { return dropUnit() }
        bytes.append(contentsOf: piece)
    }

    var keptBytes: Int { bytes.count }

    /// Whether one is being put together.
    var isInUnit: Bool { unitStart != nil }

    /// Packets were lost: what is being put together is not whole.
    mutating func noteLoss() {
        dropUnit()
        hasLoss = true
    }

    private mutating func dropUnit() {
        if let unitStart { bytes.removeSubrange(unitStart...) }
        unitStart = nil
    }

    /// It is complete; `isLast` says that its picture is as well.
    mutating func endUnit(at timestamp: UInt32, isLast: Bool, _ take: (AccessUnit, ParameterSets) -> Void) {
        guard let start = unitStart else { return }
        unitStart = nil
        let content = start + 4
        guard bytes.count > content else {
            bytes.removeSubrange(start...)
            return
        }
        let role = bytes.withUnsafeBytes { codec.role(of: UnsafeRawBufferPointer(rebasing: $0[content...])) }
        // The next picture has begun: what lies before this unit is one, and goes.
        let isNext = timestamp != self.timestamp || role.endsPicture
        var own = isNext && finishPicture(before: start, take) ? 0 : start
        if hasLoss, timestamp != self.timestamp {
            // What introduces a picture that did not come is not the next one's.
            bytes.removeSubrange(..<own)
            (own, hasLoss) = (0, false)
        }
        self.timestamp = timestamp
        keepUnit(at: own, role)
        if isLast { _ = finishPicture(before: bytes.count, take) }
    }

    private mutating func keepUnit(at start: Int, _ role: NALUnitRole) {
        if let name = role.setName {
            bytes.withUnsafeBytes { sets.take(UnsafeRawBufferPointer(rebasing: $0[(start + 4)...]), as: name) }
        }
        // Without its parameter sets nothing can be decoded.
        guard !role.isParameterSet, sets.has(codec.neededSets) else {
            bytes.removeSubrange(start...)
            return
        }
        let length = UInt32(bytes.count - start - 4).bigEndian
        withUnsafeBytes(of: length) { length in
            for (index, byte) in length.enumerated() { bytes[start + index] = byte }
        }
        hasSlice = hasSlice || role.isSlice
        isKeyframe = isKeyframe || role.isKey
    }

    /// A whole NAL unit.
    mutating func add(
        _ unit: UnsafeRawBufferPointer,
        at timestamp: UInt32,
        isLast: Bool,
        _ take: (AccessUnit, ParameterSets) -> Void
    ) {
        beginUnit(of: unit.count)
        bytes.append(contentsOf: unit)
        endUnit(at: timestamp, isLast: isLast, take)
    }

    /// Hands over what lies before `end` and keeps what is behind it; returns whether there was a picture.
    private mutating func finishPicture(before end: Int, _ take: (AccessUnit, ParameterSets) -> Void) -> Bool {
        guard hasSlice, end > 0 else { return false }
        bytes.withUnsafeBytes { all in
            let unit = AccessUnit(
                bytes: UnsafeRawBufferPointer(rebasing: all[..<end]),
                timestamp: timestamp,
                isKeyframe: isKeyframe
            )
            take(unit, sets)
        }
        let isUsual = bytes.count <= Self.usual
        if end == bytes.count { bytes.removeAll(keepingCapacity: isUsual) } else { bytes.removeSubrange(..<end) }
        (hasSlice, isKeyframe) = (false, false)
        return true
    }
}
