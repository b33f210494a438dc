internal import Custody
internal import Evidence
public import Ledger
internal import NIOCore

/// What an operation answers.
public struct Answer: Sendable {
    /// What the body is.
    enum Body: Sendable {
        case nothing
        case json(JSON)
        case bytes([UInt8])
        case stream(ByteStream)
    }

    public let status: Int
    /// Header fields, their names in lower case.
    public var fields: [String: String]
    let body: Body
    /// Cookies to set; each is a field of its own.
    public var cookies: [String] = []

    init(status: Int, fields: [String: String] = [:], body: Body) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    public static func json(_ json: JSON, status: Int = 200) -> Answer {
        Answer(status: status, fields: ["content-type": "application/json"], body: .json(json))
    }

    /// The members that are there.
    public static func json(_ members: [String: JSON?], status: Int = 200) -> Answer {
        json(.object(members.compactMapValues(\.self)), status: status)
    }

    public static func page(_ items: [JSON], next: String?) -> Answer { json(Page(items, next: next).json) }

    /// Something was made, and is found at this path.
    public static func created(_ json: JSON, at location: String) -> Answer {
        var answer = Answer.json(json, status: 201)
        answer.fields["location"] = location
        return answer
    }

    public static let nothing = Answer(status: 204, body: .nothing)

    /// A status and header fields, and nothing else.
    public static func bare(_ status: Int, _ fields: [String: String] = [:]) -> Answer { Answer(status: status, fields: fields, body: .nothing) }

    public static func bytes(_ bytes: [UInt8], mediaType: String, status: Int = 200) -> Answer {
        Answer(status: status, fields: ["content-type": mediaType], body: .bytes(bytes))
    }

    /// The same as a file that goes: its place is held until it is taken.
    static func file(_ bytes: [UInt8], mediaType: String) -> Answer {
        let buffer = ByteBuffer(bytes: bytes)
        return .stream(ByteStream(length: Int64(buffer.readableBytes)) { try await $0(buffer) }, mediaType: mediaType)
    }

    static func stream(_ stream: ByteStream, mediaType: String) -> Answer {
        Answer(status: 200, fields: ["content-type": mediaType], body: .stream(stream))
    }

    /// The same under a name, to be saved and not to be shown.
    public func attached(as name: String) -> Answer {
        var answer = self
        answer.fields["content-disposition"] = Attachment.disposition(name)
        return answer
    }
}

/// Header fields of answers that say something of what is answered.
enum AnswerField: String {
    case location
    case contentLocation = "content-location"
    case contentDisposition = "content-disposition"
    case contentRange = "content-range"
    case acceptRanges = "accept-ranges"
    case etag
    case tusResumable = "tus-resumable"
    case tusVersion = "tus-version"
    case tusExtension = "tus-extension"
    case tusMaxSize = "tus-max-size"
    case tusChecksumAlgorithm = "tus-checksum-algorithm"
    case uploadOffset = "upload-offset"
    case uploadLength = "upload-length"
    case uploadExpires = "upload-expires"

    static let object: [AnswerField] = [.etag, .acceptRanges, .contentDisposition]
    static let upload: [AnswerField] = [.tusResumable, .uploadOffset, .uploadLength, .uploadExpires]

    var description: String {
        switch self {
        case .location: "Where it is, or where to go on."
        case .contentLocation: "Where the item is that the upload became."
        case .contentDisposition: "That it is to be saved, and under which name."
        case .contentRange: "Which part it is (RFC 9110 §14.4)."
        case .acceptRanges: "That parts may be asked for."
        case .etag: "The SHA-256 of all of it, in quotation marks."
        case .tusResumable, .tusVersion: "The version of tus that is spoken here."
        case .tusExtension: "Of tus, beside its core."
        case .tusMaxSize: "Bytes that a file may have."
        case .tusChecksumAlgorithm: "What a checksum may be made with."
        case .uploadOffset: "So many bytes are on disk."
        case .uploadLength: "So many it will have."
        case .uploadExpires: "Until when it is remembered if nobody goes on with it."
        }
    }
}

/// Bytes that are read while they are sent, no faster than they go.
struct ByteStream: Sendable {
    /// How many there are, where it is known before.
    let length: Int64?
    /// Sends them. `send` returns when there is room for more, and throws when nobody listens any more.
    let produce: @Sendable (_ send: @Sendable (ByteBuffer) async throws -> Void) async throws -> Void

    init(length: Int64?, _ produce: @escaping @Sendable (_ send: @Sendable (ByteBuffer) async throws -> Void) async throws -> Void) {
        self.length = length
        self.produce = produce
    }

    /// The same of bytes that are in arrays.
    init(length: Int64?, bytes: @escaping @Sendable (_ send: @Sendable ([UInt8]) async throws -> Void) async throws -> Void) {
        self.init(length: length) { send in try await bytes { try await send(ByteBuffer(bytes: $0)) } }
    }
}

/// A piece in the memory that the socket takes it from.
struct OutgoingPiece: PieceMemory {
    let bytes: ByteBuffer

    init(size: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
        var bytes = ByteBufferAllocator().buffer(capacity: size)
        try bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: size) {
            try fill(UnsafeMutableRawBufferPointer(rebasing: $0[..<size]))
            return size
        }
        self.bytes = bytes
    }
}

// MARK: Bytes that have a name

/// What a request says of what it has already, and of which part it wants.
struct Conditions: Sendable, Equatable {
    var ifNoneMatch: String?
    var ifRange: String?
    var range: String?
}

/// How much of an object is asked for.
enum ObjectPart: Equatable {
    case whole
    case part(Range<Int64>)
    /// Nothing: it is what one has already.
    case unchanged
    /// What is not there.
    case outside

    init(of object: ObjectDescription, for conditions: Conditions) {
        let tag = EntityTags.tag(of: object)
        if let known = conditions.ifNoneMatch, EntityTags.contains(tag, in: known) {
            self = .unchanged
        } else if let text = conditions.range, conditions.ifRange.map({ $0 == tag }) ?? true {
            // If-Range takes a strong tag only; another one, or a date, asks for the whole.
            switch ByteRange.read(text, size: object.size) {
            case .part(let range): self = .part(range)
            case .outside: self = .outside
            case .ignored: self = .whole
            }
        } else {
            self = .whole
        }
    }

    /// The piece that is needed first; `nil` where none is.
    var firstPiece: Int? {
        switch self {
        case .whole: 0
        case .part(let range): Int(range.lowerBound / Int64(pieceSize))
        case .unchanged, .outside: nil
        }
    }
}

extension Answer {
    /// The bytes of an object, or the part of it that is asked for; its digest is its ETag.
    ///
    /// - Parameter piece: gives a piece of 1 MiB, counted from 0, which was checked. Only the pieces that are asked for are read; the first
    ///   before the answer begins, so that a damaged one is told as what it is.
    static func object(
        _ object: ObjectDescription, mediaType: String, for call: Call, piece: @escaping @Sendable (_ index: Int) async throws -> ByteBuffer
    ) async throws -> Answer {
        let part = ObjectPart(of: object, for: call.conditions)
        var fields = ["etag": EntityTags.tag(of: object), "accept-ranges": "bytes"]
        let range: Range<Int64>
        switch part {
        case .unchanged: return .bare(304, fields)
        case .outside:
            throw Problem(
                "range", 416, "There is nothing in this range", "it has \(object.size) bytes",
                fields: ["content-range": "bytes */\(object.size)", "accept-ranges": "bytes"])
        case .whole: range = 0..<object.size
        case .part(let wanted):
            range = wanted
            fields["content-range"] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(object.size)"
        }
        fields["content-type"] = mediaType
        let size = Int64(pieceSize)
        let first = range.isEmpty ? ByteBuffer() : try await piece(Int(range.lowerBound / size))
        let stream = ByteStream(length: range.upperBound - range.lowerBound) { send in
            guard !range.isEmpty else { return }
            for index in Int(range.lowerBound / size)...Int((range.upperBound - 1) / size) {
                let start = Int64(index) * size
                let bytes = start <= range.lowerBound ? first : try await piece(index)
                let part = Int(max(range.lowerBound - start, 0))..<Int(min(range.upperBound - start, Int64(bytes.readableBytes)))
                // Proof for `!`: the part is within the piece.
                try await send(bytes.getSlice(at: bytes.readerIndex + part.lowerBound, length: part.count)!)
            }
        }
        return Answer(status: part == .whole ? 200 : 206, fields: fields, body: .stream(stream))
    }
}

/// `If-None-Match`, compared weakly (RFC 9110 §13.1.2).
enum EntityTags {
    static func tag(of object: ObjectDescription) -> String { "\"\(object.digest.hex)\"" }

    static func contains(_ tag: String, in field: String) -> Bool {
        field.split(separator: ",").contains { candidate in
            var text = candidate.drop { $0 == " " || $0 == "\t" }
            while text.last == " " || text.last == "\t" { text.removeLast() }
            if text.hasPrefix("W/") { text.removeFirst(2) }
            return text == "*" || text == tag
        }
    }
}

/// `Range` with one range of bytes (RFC 9110 §14); several are answered with the whole.
enum ByteRange: Equatable {
    case part(Range<Int64>)
    case outside
    /// What is not understood is as if it were not there.
    case ignored

    static func read(_ text: String, size: Int64) -> ByteRange {
        guard text.utf8.count <= 64, text.lowercased().hasPrefix("bytes=") else { return .ignored }
        let bounds = text.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard bounds.count == 2, bounds.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else { return .ignored }
        let (first, last) = (Int64(bounds[0]), Int64(bounds[1]))
        switch (bounds[0].isEmpty, bounds[1].isEmpty) {
        case (true, true): return .ignored
        case (true, false):
            // More than there are is all of them, also where their number does not fit.
            guard last != 0, size > 0 else { return .outside }
            return .part(max(0, size - (last ?? .max))..<size)
        case (false, true):
            guard let first, first < size else { return .outside }
            return .part(first..<size)
        case (false, false):
            guard let first else { return .outside }
            // A last byte that is no number that fits is behind every file.
            guard first <= last ?? .max else { return .ignored }
            guard first < size else { return .outside }
            return .part(first..<min(size, last.map { $0 == .max ? .max : $0 + 1 } ?? .max))
        }
    }
}

/// `Content-Disposition` of what is to be saved (RFC 6266).
enum Attachment {
    /// Never longer than a file's name may be; nothing in it ends the field, divides a path or turns the direction of writing.
    static func disposition(_ name: String) -> String {
        var safe = ""
        for scalar in name.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: continue
            default: break
            }
            safe.unicodeScalars.append(["/", "\\", ":", "\"", "<", ">", "|", "?", "*"].contains(scalar) ? "_" : scalar)
        }
        while safe.utf8.count > 200 { safe.removeLast() }
        while let first = safe.first, first == "." || first == " " { safe.removeFirst() }
        if safe.isEmpty { safe = "file" }
        let ascii = String(String.UnicodeScalarView(safe.unicodeScalars.map { $0.isASCII && $0 != "%" ? $0 : "_" }))
        return "attachment; filename=\"\(ascii)\"; filename*=UTF-8''\(PercentEncoding.encoded(safe))"
    }
}
