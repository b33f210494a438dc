internal import Evidence
internal import Glibc
internal import Ledger
internal import OutboundHTTP

/// An archive that a running server holds, asked over its API in the name of whoever has the token.
final class RemoteArchive {
    /// What is asked for.
    struct Request {
        var method = "GET"
        /// What follows `/api/v1/`, part by part, as it is and not as a URL writes it.
        var path: [String]
        var query: [(name: String, value: String?)] = []
        var fields: [String] = []
        var body: JSON?
        /// Under which it is asked again, where the answer to the first was lost: nothing is made twice.
        var key: String?
        /// For how long nothing may come.
        var patience = Duration.seconds(120)

        static func get(_ path: String..., query: [(name: String, value: String?)] = []) -> Request { Request(path: path, query: query) }

        static func post(_ path: String..., body: [String: JSON?], creates: Bool = false) -> Request {
            Request(method: "POST", path: path, body: .object(body.compactMapValues(\.self)), key: creates ? randomKey() : nil)
        }

        private static func randomKey() -> String {
            (0..<2).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 36) }.joined(separator: "-")
        }
    }

    /// Where the server is, without a slash at the end.
    let url: String
    let options: ArchiveOptions
    /// What requests bring: `$MINHCHUNG_TOKEN`, or what `sign-in` made.
    private var token: String?
    private let connection: Connection

    /// - Throws: ``Failure`` where the URL cannot be asked, or a secret would go over a network that anybody can read.
    init(_ text: String, options: ArchiveOptions) throws {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        if let objection = Exchange.objection(to: text) { throw Failure("cannot ask the server \(visible(text)): \(objection)") }
        guard text.lowercased().hasPrefix("https://") || Exchange.isOfThisMachine(text) else {
            throw Failure("cannot ask the server \(visible(text)): what is personal goes over https only; http is for this machine itself")
        }
        guard options.actingAs == nil else { throw Failure("--as is of no use with --server: the token says in whose name you act") }
        url = text
        self.options = options
        token = try SavedToken.secret(for: text)
        connection = Connection(authorities: options.serverCA)
    }

    /// Asks from now on with this token, or without one.
    func use(_ token: String?) { self.token = token }

    // MARK: Asking

    /// Asks, and returns the answer of a success.
    ///
    /// - Parameters:
    ///   - receive: takes the body piece by piece.
    ///   - bytes: what is sent in the place of JSON.
    /// - Throws: ``RemoteProblem``, ``Unanswered``, ``Failure``, or what `receive` threw.
    func answer(
        to request: Request, bytes: [UInt8]? = nil, receive: (([UInt8]) throws -> Void)? = nil
    ) throws -> Exchange.Answer {
        let body = bytes ?? request.body?.canonicalBytes
        var lines = ["Accept: application/json, application/problem+json, */*"] + request.fields
        if let token { lines.append("Authorization: Bearer \(token)") }
        if bytes == nil, body != nil { lines.append("Content-Type: application/json") }
        if let key = request.key { lines.append("Idempotency-Key: \(key)") }
        let asked = Exchange.Request(request.method, address(of: request), lines: lines, body: body)
        // What changes something without a key may have been done when its answer is lost.
        let isRepeatable = receive == nil && (request.key != nil || ["GET", "HEAD"].contains(request.method))
        var tries = 0
        while true {
            let answer = try repeating(isRepeatable ? Self.pauses : []) {
                try connection.send(asked, patience: request.patience, sizeLimit: Self.sizeLimit, receive: receive)
            }
            if (200...299).contains(answer.status) { return answer }
            let problem = RemoteProblem(answer, of: url)
            // The first of it is being done there, longer than an answer may take: its answer is kept under the key.
            guard request.key != nil, problem.isAtWork, tries < Self.workTries else { throw problem }
            tries += 1
            sleep(Self.workPause)
        }
    }

    /// How often, and how many seconds apart, the answer to something long is asked for: half an hour.
    private static let workTries = 360
    private static let workPause: UInt32 = 5

    /// Seconds between one try and the next.
    static let pauses: [UInt32] = [1, 2, 4]
    /// Bytes of an answer that is no file.
    private static let sizeLimit = 64 << 20

    /// Tries again where no answer came.
    func repeating<Value>(_ pauses: [UInt32], _ body: () throws -> Value) throws -> Value {
        var pauses = pauses[...]
        while true {
            do { return try body() } catch let failure as Exchange.Failure {
                guard case .unreachable(let cause) = failure, let pause = pauses.popFirst() else { throw unreached(failure) }
                if !options.quiet { printError("no answer from \(url) (\(cause)); once more in \(pause) s") }
                sleep(pause)
            }
        }
    }

    private func unreached(_ failure: Exchange.Failure) -> any Error {
        switch failure {
        case .unreachable(let cause): Unanswered(description: "cannot ask the server \(url): \(visible(cause))")
        case .tooLarge:
            Failure("cannot read what the server \(url) answers: it is larger than \(Self.sizeLimit) bytes")
        case .library(let cause): Failure("cannot ask the server \(url): \(cause)")
        }
    }

    /// Asks for JSON.
    func json(_ request: Request) throws -> JSON { try parsed(try answer(to: request).body) }

    func parsed(_ bytes: [UInt8]) throws -> JSON {
        do { return try JSON(parsing: bytes) } catch { throw Failure("cannot read what the server \(url) answers: it is \(error)") }
    }

    /// The entries of a list, page by page, until there are `limit`.
    func entries(_ request: Request, limit: Int) throws -> [JSON] {
        var entries: [JSON] = []
        var request = request
        let cursor = request.query.firstIndex { $0.name == "cursor" } ?? request.query.endIndex
        if cursor == request.query.endIndex { request.query.append(("cursor", nil)) }
        request.query.append(("limit", nil))
        while entries.count < limit {
            request.query[request.query.endIndex - 1].value = "\(min(limit - entries.count, Self.pageLimit))"
            let page = try json(request)
            entries += page["items"].elements
            guard let next = page["next"].text else { break }
            request.query[cursor].value = next
        }
        return entries
    }

    /// Entries of a page, at most.
    static let pageLimit = 200

    func address(of request: Request) -> String {
        let path = request.path.map(Self.encoded).joined(separator: "/")
        let query = request.query.compactMap { name, value in value.map { "\(name)=\(Self.encoded($0))" } }.joined(separator: "&")
        return "\(url)/api/v1/\(path)" + (query.isEmpty ? "" : "?\(query)")
    }

    /// As a part of a path or a query has it (RFC 3986 §2.1).
    static func encoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            let isPlain = (48...57).contains(byte) || (97...122).contains(byte | 0x20) || "-._~".utf8.contains(byte)
            encoded += isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
        return encoded
    }

    // MARK: Telling

    /// Prints what was answered: JSON, or lines for people.
    func show(_ json: JSON) {
        if options.json { printLine(json.canonicalText) } else { Readable.lines(of: json).forEach(printLine) }
    }

    /// Prints what was done: JSON, or a line for people unless they want none.
    func tell(_ json: JSON, _ line: @autoclosure () -> String) {
        if options.json { printLine(json.canonicalText) } else if !options.quiet { printLine(visible(line())) }
    }
}

/// Nothing came back: the server was not reached, or ended, or the line was cut.
struct Unanswered: Error, CustomStringConvertible {
    let description: String
}

/// What a server answered that it did not do.
struct RemoteProblem: Error, CustomStringConvertible {
    let status: Int
    let kind: String
    /// Seconds until it may be asked again.
    let retryAfter: UInt32?
    let description: String

    init(_ answer: Exchange.Answer, of url: String) {
        status = answer.status
        // because whatever stands before the server, a proxy or another program, answers what it likes: what is no JSON has no words of ours
        let json = (try? JSON(parsing: answer.body)) ?? .null
        kind = json["type"].text?.split(separator: "/").last.map(String.init) ?? ""
        var words = json["detail"].text ?? "the server \(url) answers \(answer.status), and nothing that this program understands"
        let findings = json["errors"].elements
        if findings.count > 1 {
            words = findings.map { "\($0["pointer"].text ?? "") \($0["detail"].text ?? "")" }.joined(separator: "; ")
        }
        if let moved = answer.movedTo { words = "the server \(url) sends us to \(moved); give that to --server, if you trust it" }
        if kind == "sign-in", answer.fields["www-authenticate"] != nil { words = "\(words); see minhchung sign-in" }
        retryAfter = answer.fields["retry-after"].flatMap { UInt32($0) }
        if let retryAfter { words += " (again in \(retryAfter) s)" }
        description = visible(words)
    }

    /// The server answered the question; it did not fail. A value that it does not take is a mistake of the command line.
    var isAnswer: Bool { [403, 404, 409, 410, 412, 422, 423].contains(status) && kind != "invalid" }

    /// What was made under the key is not to be had any more: roles were changed since, or its answer is not kept.
    var isAboutKey: Bool { ["idempotency-key", "answer-forgotten"].contains(kind) }

    /// It is about the file that was sent, and not about who sent it.
    var isAboutFile: Bool { [400, 403, 409, 413, 415, 422].contains(status) }

    /// Somebody before the server, or the server itself, had no time or no room for it; nothing was done.
    var isPassing: Bool { [429, 502, 503, 504].contains(status) && kind != "overdue" }

    /// The same request is still being done, or was; its answer is there later.
    var isAtWork: Bool { kind == "at-work" || kind == "overdue" }
}

/// A command that a running server can do as well.
protocol RemoteCommand: SendableMetatype {
    var options: ArchiveOptions { get }

    /// Does it where the server is. Blocks, for this program does nothing else meanwhile.
    /// - Throws: ``RemoteProblem``, ``Failure`` and `ExitCode`.
    func run(at server: RemoteArchive) throws
}

extension JSON {
    /// A member of an object; null where there is none.
    subscript(_ name: String) -> JSON {
        if case .object(let members) = self { members[name] ?? .null } else { .null }
    }

    var text: String? { if case .string(let text) = self { text } else { nil } }
    var number: Int? { if case .integer(let number) = self { Int(number) } else { nil } }
    var isTrue: Bool { self == .bool(true) }
    var elements: [JSON] { if case .array(let elements) = self { elements } else { [] } }
}
