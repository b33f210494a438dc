/// Size and capture time of an image, from its header; nothing is decoded. Every read is checked against the end of the bytes:
/// a header that lies about its lengths ends as "no header", and can do no more.
struct ImageHeader: Equatable {
    /// Media types whose headers are read.
    static let kinds: Set<String> = [
        "image/jpeg", "image/png", "image/gif", "image/bmp", "image/x-ms-bmp", "image/tiff", "image/webp",
    ]

    /// Pixels, as stored: not turned by the orientation that a camera noted.
    var width: Int
    var height: Int
    /// When the camera took it, ISO 8601, with an offset from UTC where the camera noted one.
    var captured: String?
    /// How a JPEG is to be turned when it is shown: 1 to 8, as Exif counts; `nil` where the camera noted nothing.
    var orientation: Int?

    init?(_ bytes: UnsafeRawBufferPointer) {
        let image = Bytes(bytes)
        let header: ImageHeader? =
            if image.starts(with: [0xFF, 0xD8]) {
                Self.jpeg(image)
            } else if image.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
                Self.png(image)
            } else if image.text(at: 0, "GIF8") {
                Self.sized(image.little16(6), image.little16(8))
            } else if image.text(at: 0, "BM") {
                Self.bmp(image)
            } else if image.text(at: 0, "RIFF"), image.text(at: 8, "WEBP") {
                Self.webp(image)
            } else {
                Exif(image).flatMap { Self.sized($0.width, $0.height, $0.captured) }
            }
        guard let header else { return nil }
        self = header
    }

    private init(width: Int, height: Int, captured: String?) {
        self.width = width
        self.height = height
        self.captured = captured
    }

    private static func sized(_ width: Int?, _ height: Int?, _ captured: String? = nil) -> ImageHeader? {
        guard let width, let height, width > 0, height > 0 else { return nil }
        return ImageHeader(width: width, height: height, captured: captured)
    }

    /// Walks the segments up to the frame header; Exif stands before it.
    private static func jpeg(_ image: Bytes) -> ImageHeader? {
        var exif: Exif?
        var offset = 2
        while let marker = image.byte(offset + 1), image.byte(offset) == 0xFF {
            switch marker {
            case 0xFF:
                offset += 1
                continue
            case 0x01, 0xD0...0xD8:
                offset += 2
                continue
            case 0xC0...0xCF where marker != 0xC4 && marker != 0xC8 && marker != 0xCC:
                var header = sized(image.big16(offset + 7), image.big16(offset + 5), exif?.captured)
                header?.orientation = exif?.orientation
                return header
            case 0xE1 where image.text(at: offset + 4, "Exif\0\0"):
                guard let length = image.big16(offset + 2) else { return nil }
                exif = exif ?? image.part(offset + 10, length - 8).flatMap(Exif.init)
            case 0xD9, 0xDA:
                return nil
            default:
                break
            }
            guard let length = image.big16(offset + 2), length >= 2 else { return nil }
            offset += 2 + length
        }
        return nil
    }

    private static func png(_ image: Bytes) -> ImageHeader? {
        guard image.text(at: 12, "IHDR"), var header = sized(image.big32(16), image.big32(20)) else { return nil }
        var offset = 8
        // Chunks are few in front of the pixels; the bound is for files that are made to have many.
        for _ in 0..<1_000 {
            guard let length = image.big32(offset), length <= image.count else { break }
            if image.text(at: offset + 4, "eXIf") {
                header.captured = image.part(offset + 8, length).flatMap(Exif.init)?.captured
                break
            }
            offset += 12 + length
        }
        return header
    }

    private static func bmp(_ image: Bytes) -> ImageHeader? {
        guard let headerSize = image.little32(14) else { return nil }
        if headerSize == 12 { return sized(image.little16(18), image.little16(20)) }
        guard let width = image.little32(18), let height = image.little32(22) else { return nil }
        // A negative height says that the lines stand from the top down.
        return sized(Int(Int32(truncatingIfNeeded: width)), abs(Int(Int32(truncatingIfNeeded: height))))
    }

    private static func webp(_ image: Bytes) -> ImageHeader? {
        var header: ImageHeader?
        var captured: String?
        var offset = 12
        for _ in 0..<1_000 {
            guard let length = image.little32(offset + 4) else { break }
            let data = offset + 8
            if image.text(at: offset, "VP8X"), let wide = image.little24(data + 4), let high = image.little24(data + 7) {
                header = sized(wide + 1, high + 1)
            } else if header == nil, image.text(at: offset, "VP8 "), let wide = image.little16(data + 6),
                let high = image.little16(data + 8)
            {
                header = sized(wide & 0x3FFF, high & 0x3FFF)
            } else if header == nil, image.text(at: offset, "VP8L"), image.byte(data) == 0x2F,
                let bits = image.little32(data + 1)
            {
                header = sized((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)
            } else if image.text(at: offset, "EXIF") {
                let skipped = image.text(at: data, "Exif\0\0") ? 6 : 0
                captured = image.part(data + skipped, length - skipped).flatMap(Exif.init)?.captured
            }
            offset = data + length + (length & 1)
        }
        header?.captured = captured
        return header
    }
}

/// A TIFF structure: a TIFF file, or the Exif block of another image.
private struct Exif {
    var width: Int?
    var height: Int?
    var orientation: Int?
    var captured: String?

    init?(_ bytes: Bytes) {
        let isBig: Bool
        if bytes.starts(with: [0x4D, 0x4D, 0x00, 0x2A]) {
            isBig = true
        } else if bytes.starts(with: [0x49, 0x49, 0x2A, 0x00]) {
            isBig = false
        } else {
            return nil
        }
        let tiff = Directory(bytes: bytes, isBig: isBig)
        guard let first = tiff.number32(4) else { return nil }
        width = tiff.number(first, tag: 256)
        height = tiff.number(first, tag: 257)
        orientation = tiff.number(first, tag: 0x0112)
        guard let camera = tiff.number(first, tag: 0x8769) else { return }
        // DateTimeOriginal as `2024:05:31 07:08:09`; OffsetTimeOriginal as `+07:00`.
        guard let taken = tiff.text(camera, tag: 0x9003), let moment = Self.iso8601(taken) else { return }
        let offset = tiff.text(camera, tag: 0x9011).flatMap { Self.matches($0, "+00:00") ? $0 : nil }
        captured = moment + (offset ?? "")
    }

    private static func iso8601(_ text: String) -> String? {
        // A camera without a set clock writes spaces or zeros.
        guard matches(text, "0000:00:00 00:00:00"), !text.hasPrefix("0000") else { return nil }
        let parts = text.split(separator: " ")
        return parts[0].split(separator: ":").joined(separator: "-") + "T" + parts[1]
    }

    /// Whether the text has the shape: `0` stands for a digit, `+` for a sign, all else for itself.
    private static func matches(_ text: String, _ shape: String) -> Bool {
        text.utf8.count == shape.utf8.count
            && zip(text.utf8, shape.utf8).allSatisfy { byte, pattern in
                switch pattern {
                case UInt8(ascii: "0"): (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                case UInt8(ascii: "+"): byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
                default: byte == pattern
                }
            }
    }

    private struct Directory {
        let bytes: Bytes
        let isBig: Bool

        func number16(_ offset: Int) -> Int? { isBig ? bytes.big16(offset) : bytes.little16(offset) }
        func number32(_ offset: Int) -> Int? { isBig ? bytes.big32(offset) : bytes.little32(offset) }

        /// A single number (SHORT or LONG) of the directory at an offset.
        func number(_ directory: Int, tag: Int) -> Int? {
            guard let entry = entry(directory, tag: tag) else { return nil }
            switch number16(entry + 2) {
            case 3: return number16(entry + 8)
            case 4: return number32(entry + 8)
            default: return nil
            }
        }

        /// An ASCII value of the directory at an offset, without its NUL.
        func text(_ directory: Int, tag: Int) -> String? {
            guard let entry = entry(directory, tag: tag), number16(entry + 2) == 2, let length = number32(entry + 4), length <= 64,
                let start = length > 4 ? number32(entry + 8) : entry + 8, let value = bytes.part(start, length)
            else { return nil }
            return value.ascii
        }

        private func entry(_ directory: Int, tag: Int) -> Int? {
            guard let count = number16(directory) else { return nil }
            for index in 0..<count {
                let entry = directory + 2 + 12 * index
                guard let found = number16(entry) else { return nil }
                if found == tag { return entry }
            }
            return nil
        }
    }
}

/// Bytes that can be read past their end: the answer is `nil` there.
private struct Bytes {
    private let bytes: Slice<UnsafeRawBufferPointer>

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes[...] }
    private init(slice: Slice<UnsafeRawBufferPointer>) { bytes = slice }

    var count: Int { bytes.count }

    func byte(_ offset: Int) -> Int? {
        offset >= 0 && offset < bytes.count ? Int(bytes[bytes.startIndex + offset]) : nil
    }

    func big16(_ offset: Int) -> Int? { number(offset, [8, 0]) }
    func big32(_ offset: Int) -> Int? { number(offset, [24, 16, 8, 0]) }
    func little16(_ offset: Int) -> Int? { number(offset, [0, 8]) }
    func little24(_ offset: Int) -> Int? { number(offset, [0, 8, 16]) }
    func little32(_ offset: Int) -> Int? { number(offset, [0, 8, 16, 24]) }

    private func number(_ offset: Int, _ shifts: [Int]) -> Int? {
        guard offset >= 0, offset <= bytes.count - shifts.count else { return nil }
        return zip(shifts, bytes[(bytes.startIndex + offset)...]).reduce(0) { $0 | Int($1.1) << $1.0 }
    }

    func part(_ offset: Int, _ length: Int) -> Bytes? {
        guard offset >= 0, length >= 0, offset <= bytes.count, length <= bytes.count - offset else { return nil }
        let start = bytes.startIndex + offset
        return Bytes(slice: bytes[start..<start + length])
    }

    func starts(with start: [UInt8]) -> Bool { bytes.starts(with: start) }

    func text(at offset: Int, _ text: String) -> Bool { part(offset, text.utf8.count)?.starts(with: Array(text.utf8)) ?? false }

    /// Up to the first NUL; `nil` if it is not ASCII.
    var ascii: String? {
        let text = bytes.prefix { $0 != 0 }
        return text.allSatisfy { $0 < 0x80 } ? String(decoding: text, as: UTF8.self) : nil
    }
}
