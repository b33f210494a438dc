/// What a document says of itself. The list is closed: a reader can send no key of its own.
public enum FactKey: String, Sendable, CaseIterable {
    case title, author, subject, keywords, creator, producer
    /// ISO 8601, with the offset where the document has one.
    case created, modified, captured
    /// e.g. `1.7`.
    case pdfVersion
    /// `yes` or `no`.
    case encrypted
    /// Pages that could not be opened; they are empty in the text.
    case unreadablePages
    /// Pixels.
    case width, height
    /// `utf-8`, `utf-16le`, `utf-16be`, `windows-1258` or `unknown`.
    case encoding
}

/// The frames that a reader sends: `type u8 | length u32 | payload`, numbers little endian.
///
/// Order where a document is read: one `kind`, then facts and pages (pages numbered from 1 without a gap), then exactly one of
/// `done`, `notRead` and `failed`, then the end of the stream. Where a page is shown: one `kind`, then exactly one of `image`,
/// `noSuchPage`, `notRead` and `notShown`. A `failed` or `notShown` may also be the only frame.
public enum FrameType: UInt8, Sendable, CaseIterable {
    /// Media type, ASCII.
    case kind = 1
    /// Key, by length; value to the end of the frame.
    case fact = 2
    /// Number, u32; text to the end of the frame.
    case page = 3
    /// Page count, u32 (`UInt32.max`: not counted); the ``TextLimit`` that was met, u8 (0: none).
    case done = 4
    /// The kind is not read by this version.
    case notRead = 5
    /// Why, for people.
    case failed = 6
    /// The page as a PNG.
    case image = 7
    /// How many pages there are, u32: fewer than the one that was asked for.
    case noSuchPage = 8
    /// The ``RenderRefusal``, u8; why, for people, to the end of the frame.
    case notShown = 9
}

/// Sizes and shapes that both sides hold to; the receiving side refuses what passes them.
public enum Frame {
    /// Bytes before the payload.
    public static let headerSize = 5
    /// Facts per document.
    public static let factsAtMost = 64
    /// Characters (Unicode scalars) of a fact's value or of a reason.
    public static let valueLength = 1_000
    /// The largest page count that is believed.
    public static let pageCountAtMost = 10_000_000
    /// Bytes of a media type.
    static let mediaTypeSize = 127
    /// Bytes of any payload other than a page's text.
    static let smallPayload = 64 + 4 * valueLength

    /// The five bytes that come before a payload of `length` bytes.
    public static func header(_ type: FrameType, length: Int) -> [UInt8] {
        var bytes = [type.rawValue]
        bytes.append(number: UInt32(length))
        return bytes
    }

    public static func kind(mediaType: String) -> [UInt8] {
        header(.kind, length: mediaType.utf8.count) + mediaType.utf8
    }

    public static func fact(_ key: FactKey, _ value: String) -> [UInt8] {
        var payload: [UInt8] = []
        payload.append(text: key.rawValue)
        payload.append(contentsOf: value.utf8)
        return header(.fact, length: payload.count) + payload
    }

    /// Everything of a page's frame that comes before its text of `textSize` bytes.
    public static func pageHeader(number: Int, textSize: Int) -> [UInt8] {
        var bytes = header(.page, length: 4 + textSize)
        bytes.append(number: UInt32(number))
        return bytes
    }

    public static func done(pageCount: Int?, limit: TextLimit?) -> [UInt8] {
        var payload: [UInt8] = []
        payload.append(number: pageCount.map { UInt32($0) } ?? UInt32.max)
        payload.append(limit?.rawValue ?? 0)
        return header(.done, length: payload.count) + payload
    }

    public static func notRead() -> [UInt8] {
        header(.notRead, length: 0)
    }

    public static func failed(_ reason: String) -> [UInt8] {
        header(.failed, length: reason.utf8.count) + reason.utf8
    }

    /// Everything of an image's frame that comes before its `size` bytes.
    public static func imageHeader(size: Int) -> [UInt8] {
        header(.image, length: size)
    }

    public static func noSuchPage(count: Int) -> [UInt8] {
        var payload: [UInt8] = []
        payload.append(number: UInt32(count))
        return header(.noSuchPage, length: payload.count) + payload
    }

    public static func notShown(_ refusal: RenderRefusal, _ reason: String) -> [UInt8] {
        header(.notShown, length: 1 + reason.utf8.count) + [refusal.rawValue] + reason.utf8
    }

    /// Whether text has none of the control characters but tab and newline (C0, DEL and C1), which no page and no fact may
    /// hold. `bytes` is UTF-8.
    public static func isFreeOfControls(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var previous: UInt8 = 0
        for byte in bytes {
            if byte < 0x20 {
                if byte != 0x09, byte != 0x0A { return false }
            } else if byte == 0x7F || (previous == 0xC2 && byte < 0xA0) {
                // U+0080…U+009F are C2 80…C2 9F, and C2 is always the first of two bytes.
                return false
            }
            previous = byte
        }
        return true
    }
}
