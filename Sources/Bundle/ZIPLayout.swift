/// One file in a canonical ZIP.
struct ZIPEntry {
    let name: [UInt8]
    let size: UInt64
    /// Where its local header begins.
    let offset: UInt64
    /// CRC-32 of its bytes.
    var check: UInt32
}

/// The bytes of a canonical ZIP around the files' own: one function of names, sizes and CRC-32s (APPNOTE.TXT 6.3.10).
///
/// For the same files there is exactly one canonical ZIP:
///
/// - entries in strictly ascending order of the bytes of their names, local headers and data without gaps from offset 0, then
///   the central directory in the same order, then the end records; nothing before, between or behind;
/// - method 0 (stored), flags 0, so no data descriptor; date 1980-01-01, time 00:00; made by Unix, version 4.5; internal
///   attributes 0, external attributes `0100644 << 16`; no comments; disk 0;
/// - Zip64 (§4.3.14, §4.5.3) only where a number does not fit: in the local header both sizes when the size is at least
///   2³²−1; in the central header the two sizes under that condition, then the offset when it is at least 2³²−1; the Zip64
///   end record and locator when the number of entries is at least 2¹⁶−1, or size or offset of the central directory at
///   least 2³²−1. Fields that do not fit are all ones, the others keep their value. No other extra field;
/// - version needed is 4.5 in a header that has the Zip64 field, else 1.0.
struct ZIPLayout: Sendable {
    /// From here on, a size or offset does not fit in four bytes.
    var sizeLimit: UInt64 = 0xFFFF_FFFF
    /// From here on, a number of entries does not fit in two bytes.
    var countLimit: UInt64 = 0xFFFF

    static let localSignature: UInt32 = 0x0403_4B50
    static let localLength = 30
    /// Bytes of the Zip64 field of a local header, with its own header.
    static let localExtraLength = 20
    /// Where CRC-32 stands in a local header.
    static let checkOffset = 14

    private static let madeBy: UInt16 = 3 << 8 | 45
    private static let date: UInt16 = 1 << 5 | 1
    private static let attributes: UInt32 = 0o100644 << 16

    func isLarge(_ value: UInt64) -> Bool { value >= sizeLimit }

    /// The four-byte field for a number: all ones where it stands in the Zip64 field.
    private func field(_ value: UInt64) -> UInt32 { isLarge(value) ? .max : UInt32(truncatingIfNeeded: value) }

    /// §4.3.7.
    func appendLocalHeader(_ entry: ZIPEntry, to bytes: inout [UInt8]) {
        let isLarge = isLarge(entry.size)
        bytes.append(little: Self.localSignature)
        bytes.append(little: UInt16(isLarge ? 45 : 10))
        bytes.append(little: 0 as UInt16)
        appendCommon(entry, extraLength: isLarge ? Self.localExtraLength : 0, to: &bytes)
        bytes += entry.name
        if isLarge { appendZip64([entry.size, entry.size], to: &bytes) }
    }

    /// §4.3.12.
    func appendCentralHeader(_ entry: ZIPEntry, to bytes: inout [UInt8]) {
        let large = (isLarge(entry.size) ? [entry.size, entry.size] : []) + (isLarge(entry.offset) ? [entry.offset] : [])
        bytes.append(little: 0x0201_4B50 as UInt32)
        bytes.append(little: Self.madeBy)
        bytes.append(little: UInt16(large.isEmpty ? 10 : 45))
        bytes.append(little: 0 as UInt16)
        appendCommon(entry, extraLength: large.isEmpty ? 0 : 4 + 8 * large.count, to: &bytes)
        bytes.append(little: 0 as UInt16)  // comment
        bytes.append(little: 0 as UInt16)  // disk
        bytes.append(little: 0 as UInt16)  // internal attributes
        bytes.append(little: Self.attributes)
        bytes.append(little: field(entry.offset))
        bytes += entry.name
        if !large.isEmpty { appendZip64(large, to: &bytes) }
    }

    /// From the method to the length of the extra field, which both headers have alike.
    private func appendCommon(_ entry: ZIPEntry, extraLength: Int, to bytes: inout [UInt8]) {
        bytes.append(little: 0 as UInt16)  // method: stored
        bytes.append(little: 0 as UInt16)  // time
        bytes.append(little: Self.date)
        bytes.append(little: entry.check)
        bytes.append(little: field(entry.size))
        bytes.append(little: field(entry.size))
        bytes.append(little: UInt16(entry.name.count))
        bytes.append(little: UInt16(extraLength))
    }

    private func appendZip64(_ values: [UInt64], to bytes: inout [UInt8]) {
        bytes.append(little: 1 as UInt16)
        bytes.append(little: UInt16(8 * values.count))
        for value in values { bytes.append(little: value) }
    }

    /// §4.3.14 to §4.3.16: what stands behind the central directory.
    func appendEnd(count: UInt64, directoryOffset: UInt64, directorySize: UInt64, to bytes: inout [UInt8]) {
        if count >= countLimit || isLarge(directoryOffset) || isLarge(directorySize) {
            bytes.append(little: 0x0606_4B50 as UInt32)
            bytes.append(little: 44 as UInt64)  // of this record, behind this field
            bytes.append(little: Self.madeBy)
            bytes.append(little: 45 as UInt16)
            bytes.append(little: 0 as UInt32)  // disk
            bytes.append(little: 0 as UInt32)  // disk of the directory
            bytes.append(little: count)
            bytes.append(little: count)
            bytes.append(little: directorySize)
            bytes.append(little: directoryOffset)
            bytes.append(little: 0x0706_4B50 as UInt32)
            bytes.append(little: 0 as UInt32)  // disk of the record
            bytes.append(little: directoryOffset + directorySize)
            bytes.append(little: 1 as UInt32)  // disks
        }
        let shortCount = count >= countLimit ? UInt16.max : UInt16(count)
        bytes.append(little: 0x0605_4B50 as UInt32)
        bytes.append(little: 0 as UInt16)  // disk
        bytes.append(little: 0 as UInt16)  // disk of the directory
        bytes.append(little: shortCount)
        bytes.append(little: shortCount)
        bytes.append(little: field(directorySize))
        bytes.append(little: field(directoryOffset))
        bytes.append(little: 0 as UInt16)  // comment
    }

    /// What stands at this offset of a local header, in words, for an error.
    static func localField(at offset: Int, nameLength: Int) -> String {
        switch offset {
        case ..<4: "signature"
        case ..<6: "version needed"
        case ..<8: "flags"
        case ..<10: "method"
        case ..<12: "time"
        case ..<14: "date"
        case ..<18: "CRC-32"
        case ..<22: "compressed size"
        case ..<26: "size"
        case ..<28: "length of the name"
        case ..<30: "length of the extra field"
        case ..<(30 + nameLength): "name"
        default: "Zip64 field"
        }
    }
}

extension [UInt8] {
    /// Appends a number, its lowest byte first, as every number of a ZIP is written (APPNOTE §4.4.1.1).
    fileprivate mutating func append(little value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
