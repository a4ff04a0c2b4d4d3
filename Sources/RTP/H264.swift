// SPDX-License-Identifier: Apache-2.0

/// H.264's NAL units (ITU-T H.264, 7.3.1, 7.4.1).
enum H264 {
    static let neededSets: [UInt8] = [sequenceSet, pictureSet]

    private static let (slice, partitionA, keySlice, information) = (UInt8(1), UInt8(2), UInt8(5), UInt8(6))
    private static let (sequenceSet, pictureSet, delimiter) = (UInt8(7), UInt8(8), UInt8(9))

    static func role(of unit: UnsafeRawBufferPointer) -> NALUnitRole {
        var role = NALUnitRole()
        let type = unit[0] & 0x1f
        switch type {
        case slice, partitionA, keySlice:
            role.isSlice = true
            role.isKey = type == keySlice
            // `first_mb_in_slice` is 0, which is one bit: the first slice of a picture.
            role.endsPicture = unit.count > 1 && unit[1] & 0x80 != 0
        case sequenceSet, pictureSet:
            // Some senders repeat them before each slice of a keyframe: they end no picture.
            role.isParameterSet = true
            // Profile, constraints and level stand before a sequence's number.
            var bits = BitReader(unit, from: type == sequenceSet ? 32 : 8)
            role.setName = bits.unsignedExpGolomb().map { .init(type: type, number: $0) }
        case information:
            role.endsPicture = true
            role.isKey = hasRecoveryPoint(unit)
        case delimiter: role.endsPicture = true
        default: break
        }
        return role
    }

    /// Of streams that never send a whole keyframe, but refresh the picture bit by bit (D.1.8).
    private static func hasRecoveryPoint(_ unit: UnsafeRawBufferPointer) -> Bool {
        var bits = BitReader(UnsafeRawBufferPointer(rebasing: unit.prefix(informationLimit)), from: 8)
        while let type = escapedNumber(&bits), let size = escapedNumber(&bits) {
            if type == 6 { return true }
            for _ in 0..<size where bits.number(8) == nil { return false }
        }
        return false
    }

    /// What an encoder says of itself has some hundred bytes; no more is looked through, whatever a camera sends.
    private static let informationLimit = 4096

    /// 7.3.2.3.1: bytes of 255, then one less than that, are added up.
    private static func escapedNumber(_ bits: inout BitReader) -> Int? {
        var number = 0
        while let byte = bits.number(8) {
            number += Int(byte)
            if byte < 255 { return number }
        }
        return nil
    }
}
