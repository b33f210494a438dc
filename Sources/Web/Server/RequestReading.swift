internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Ledger
internal import NIOCore
internal import Synchronization

/// Reads what an operation asks for out of a request, and holds it against the operation's description.
enum RequestReading {
    // MARK: Address

    /// Path and query of a request's target.
    static func divided(_ target: String) -> (path: String, query: Substring?) {
        guard let mark = target.firstIndex(of: "?") else { return (target, nil) }
        return (String(target[..<mark]), target[target.index(after: mark)...])
    }

    // MARK: Parameters

    static func parameters(
        _ operation: Operation, path: [String: String], query: Substring?, fields: RequestFields
    ) throws(Problem) -> [String: JSON] {
        var values: [String: JSON] = [:]
        var given: [String: String] = [:]
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try PercentEncoding.decoded(parts[0], plusIsSpace: true)
            guard operation.parameters.contains(where: { $0.place == .query && $0.name == name }) else {
                if operation.takesOthers { continue }
                throw .parameter(
                    .query, String(name.unicodeScalars.prefix(64).filter { $0.properties.generalCategory != .control }.map(Character.init)),
                    "is none of this operation")
            }
            guard given[name] == nil else { throw .parameter(.query, name, "is there twice") }
            given[name] = parts.count == 2 ? try PercentEncoding.decoded(parts[1], plusIsSpace: true) : ""
        }
        for parameter in operation.parameters {
            let text: String?
            switch parameter.place {
            case .path: text = path[parameter.name]
            case .query: text = given[parameter.name]
            case .header:
                guard fields.values(parameter.name).count < 2 else { throw .parameter(.header, parameter.name, "is there twice") }
                text = fields.value(parameter.name)
            }
            guard let text else {
                if parameter.isRequired { throw .parameter(parameter.place, parameter.name, "is missing") }
                continue
            }
            values[parameter.name] = try value(text, parameter)
        }
        return values
    }

    private static func value(_ text: String, _ parameter: Operation.Parameter) throws(Problem) -> JSON {
        let value = Self.json(text, parameter.schema)
        if let finding = parameter.schema.findings(in: value).first {
            // Nothing can be found by what cannot be a name.
            if parameter.place == .path { throw .notFound("\(parameter.name) in the path \(finding.reason)") }
            throw .parameter(parameter.place, parameter.name, finding.reason)
        }
        return value
    }

    /// What a text stands for where this schema is asked for; the text itself where it stands for nothing, which the schema then tells.
    private static func json(_ text: String, _ schema: Schema) -> JSON {
        switch schema {
        case .named(_, let schema): return json(text, schema)
        case .integer:
            guard let number = Int64(text), "\(number)" == text else { return .string(text) }
            return .integer(number)
        case .boolean: return text == "true" ? .bool(true) : text == "false" ? .bool(false) : .string(text)
        default: return .string(text)
        }
    }

    // MARK: Body

    /// `application/json; charset=utf-8` divided: the type in lower case, and its parameters.
    static func mediaType(_ fields: RequestFields) throws(Problem) -> (type: String, parameters: [String: String])? {
        guard fields.values("content-type").count < 2 else { throw .parameter(.header, "content-type", "is there twice") }
        guard let text = fields.value("content-type") else { return nil }
        let parts = text.split(separator: ";", omittingEmptySubsequences: true).map(trimmed)
        var parameters: [String: String] = [:]
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1).map { trimmed($0) }
            guard pair.count == 2 else { continue }
            var value = pair[1]
            if value.utf8.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") { value = String(value.dropFirst().dropLast()) }
            parameters[pair[0].lowercased()] = value
        }
        return ((parts.first ?? "").lowercased(), parameters)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }

    /// Refuses a body that the operation does not take, before any of it is read.
    ///
    /// - Returns: the media type, and how long the body is where the request says it.
    static func check(
        _ operation: Operation, _ fields: RequestFields, limits: Limits
    ) throws(Problem) -> (type: String, parameters: [String: String], length: Int64?) {
        let length = fields.value("content-length").flatMap { Int64($0) }
        let isChunked = !fields.values("transfer-encoding").isEmpty
        if let encoding = fields.values("content-encoding").first, encoding.lowercased() != "identity" {
            throw Problem("media-type", 415, "The media type is not taken", "send the body without Content-Encoding")
        }
        let taken: [String]
        let limit: Int64?
        switch operation.body {
        case nil:
            guard length ?? 0 == 0, !isChunked else { throw .malformed("this operation takes no body") }
            return ("", [:], nil)
        case .json: (taken, limit) = (["application/json"], Int64(limits.jsonBytes))
        case .bytes(let types, let bytes): (taken, limit) = (types, bytes)
        }
        if let length, let limit, length > limit { throw .tooLarge(limit: limit) }
        guard let (type, parameters) = try mediaType(fields), taken.contains(type) else { throw .mediaType(taken) }
        if type == "application/json", let charset = parameters["charset"], charset.lowercased() != "utf-8" { throw .mediaType(taken) }
        return (type, parameters, length)
    }

    /// Reads bytes as JSON and holds it against its schema.
    static func json(_ bytes: [UInt8], _ schema: Schema) throws(Problem) -> JSON {
        let value: JSON
        do { value = try JSON(parsing: bytes) } catch { throw .malformed("the body is \(error)") }
        let findings = schema.findings(in: value)
        guard findings.isEmpty else { throw .invalid(findings) }
        return value
    }
}

/// The body of one request while it is read.
final class BodyReading: Sendable {
    private let body: RequestBody
    private let channel: any Channel
    private let length: Int64?
    private let limit: Int64?
    /// Whether all of it was read.
    private let state = Mutex(false)

    var isComplete: Bool { state.withLock { $0 } }

    init(_ body: RequestBody, _ channel: any Channel, length: Int64?, limit: Int64?) {
        self.body = body
        self.channel = channel
        self.length = length
        self.limit = limit
    }

    func forEachPiece(_ take: @Sendable (_ piece: ByteBuffer) async throws -> Void) async throws {
        channel.pipeline.triggerUserOutboundEvent(ContinueEvent(), promise: nil)
        var count: Int64 = 0
        var pieces = body.makeAsyncIterator()
        while true {
            let next: ByteBuffer?
            // A line that breaks is no failure of ours.
            do { next = try await pieces.next() } catch is CancellationError { throw CancellationError() } catch {
                throw Problem.malformed("the connection broke off before the end of the body", closes: true)
            }
            guard let piece = next else { break }
            count += Int64(piece.readableBytes)
            if let limit, count > limit { throw Problem.tooLarge(limit: limit) }
            try await take(piece)
        }
        // A connection that ends looks like a body that ends.
        guard length.map({ $0 == count }) ?? channel.isActive else {
            throw Problem.malformed("the body ends before its length", closes: true)
        }
        state.withLock { $0 = true }
    }

    /// All of it.
    func bytes() async throws -> [UInt8] {
        let bytes = Mutex<[UInt8]>([])
        try await forEachPiece { piece in bytes.withLock { $0.append(contentsOf: piece.readableBytesView) } }
        return bytes.withLock { $0 }
    }
}
