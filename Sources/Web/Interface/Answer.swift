public import Evidence
public import Ledger

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

    public static func stream(_ stream: ByteStream, mediaType: String) -> Answer {
        Answer(status: 200, fields: ["content-type": mediaType], body: .stream(stream))
    }

    /// The same under a name, to be saved and not to be shown.
    public func attached(as name: String) -> Answer {
        var answer = self
        answer.fields["content-disposition"] = Attachment.disposition(name)
        return answer
    }
}

/// Bytes that are read while they are sent, no faster than they go.
public struct ByteStream: Sendable {
    /// How many there are, where it is known before.
    public let length: Int64?
    /// Sends them. `send` returns when there is room for more, and throws when nobody listens any more.
    let produce: @Sendable (_ send: @Sendable ([UInt8]) async throws -> Void) async throws -> Void

    public init(length: Int64?, _ produce: @escaping @Sendable (_ send: @Sendable ([UInt8]) async throws -> Void) async throws -> Void) {
        self.length = length
        self.produce = produce
    }
}

// MARK: Bytes that have a name

/// What a request says of what it has already, and of which part it wants.
struct Conditions: Sendable, Equatable {
    var ifNoneMatch: String?
    var ifRange: String?
    var range: String?
}

extension Answer {
    /// The bytes of an object, or the part of it that is asked for; its digest is its ETag.
    ///
    /// - Parameter piece: gives a piece of 1 MiB, counted from 0, which was checked. Only the pieces that are asked for are read; the first
    ///   before the answer begins, so that a damaged one is told as what it is.
    public static func object(
        _ object: ObjectDescription, mediaType: String, for call: Call, piece: @escaping @Sendable (_ index: Int) async throws -> [UInt8]
    ) async throws -> Answer {
        let tag = "\"\(object.digest.hex)\""
        var fields = ["etag": tag, "accept-ranges": "bytes"]
        if let known = call.conditions.ifNoneMatch, EntityTags.contains(tag, in: known) { return .bare(304, fields) }
        var range = 0..<object.size
        var status = 200
        // If-Range takes a strong tag only; another one, or a date, asks for the whole.
        if let text = call.conditions.range, call.conditions.ifRange.map({ $0 == tag }) ?? true {
            switch ByteRange.read(text, size: object.size) {
            case .part(let part):
                (range, status) = (part, 206)
                fields["content-range"] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(object.size)"
            case .outside:
                throw Problem(
                    "range", 416, "There is nothing in this range", "it has \(object.size) bytes",
                    fields: ["content-range": "bytes */\(object.size)", "accept-ranges": "bytes"])
            case .ignored: break
            }
        }
        fields["content-type"] = mediaType
        let size = Int64(pieceSize)
        let first = range.isEmpty ? [] : try await piece(Int(range.lowerBound / size))
        let stream = ByteStream(length: range.upperBound - range.lowerBound) { [range] send in
            guard !range.isEmpty else { return }
            for index in Int(range.lowerBound / size)...Int((range.upperBound - 1) / size) {
                let start = Int64(index) * size
                let bytes = start <= range.lowerBound ? first : try await piece(index)
                let part = Int(max(range.lowerBound - start, 0))..<Int(min(range.upperBound - start, Int64(bytes.count)))
                try await send(part == bytes.indices ? bytes : Array(bytes[part]))
            }
        }
        return Answer(status: status, fields: fields, body: .stream(stream))
    }
}

/// `If-None-Match`, compared weakly (RFC 9110 §13.1.2).
enum EntityTags {
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
