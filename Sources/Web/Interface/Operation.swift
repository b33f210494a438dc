public import Custody

/// One operation of the interface: what it is asked for by, what it takes, what it answers, and what it does. The routes, the checks
/// of requests and the description at `/api/openapi.json` are all made of these, so none of them can say what the others do not.
///
/// A class, because requests hand it on many times.
public final class Operation: Sendable {
    public enum Method: String, Sendable, CaseIterable {
        case get, head, post, put, patch, delete, options

        var isSafe: Bool { [.get, .head, .options].contains(self) }
    }

    /// Who may ask, before anybody looks at what is asked for; permission is the archive's to decide.
    public enum Access: Sendable, Equatable {
        /// Anybody, with or without an account.
        case anybody
        /// Who has signed in, or has a token.
        case signedIn
        /// Who is on this machine, unless the configuration opens it.
        case machine
    }

    /// What the body of a request is.
    public enum Body: Sendable {
        case json(Schema)
        /// Bytes, handed on as they come: media types that are taken, and how many bytes at most; `nil` where the operation says so itself.
        case bytes([String], limit: Int64?)
    }

    /// What an answer with a status is.
    public struct Outcome: Sendable {
        public enum Content: Sendable {
            case nothing
            case json(Schema)
            /// Bytes of one of these media types.
            case bytes([String])
        }

        public let status: Int
        public let content: Content
        public let description: String
        /// Header fields that it may have, beside those that every answer has.
        let fields: [AnswerField]

        public init(_ status: Int, _ content: Content, _ description: String) {
            self.init(status, content, description, [])
        }

        init(_ status: Int, _ content: Content, _ description: String, _ fields: [AnswerField]) {
            self.status = status
            self.content = content
            self.description = description
            self.fields = fields
        }
    }

    /// A value in the path, the query or the header fields of a request.
    public struct Parameter: Sendable {
        public enum Place: String, Sendable {
            case path, query, header
        }

        public let place: Place
        public let name: String
        /// A text, a choice, an integer or a flag.
        public let schema: Schema
        public let isRequired: Bool
        public let description: String

        public static func path(_ name: String, _ description: String, _ schema: Schema = .reference) -> Parameter {
            Parameter(place: .path, name: name, schema: schema, isRequired: true, description: description)
        }

        public static func query(_ name: String, _ schema: Schema, _ description: String, isRequired: Bool = false) -> Parameter {
            Parameter(place: .query, name: name, schema: schema, isRequired: isRequired, description: description)
        }

        /// A field's name is written in lower case.
        public static func header(_ name: String, _ schema: Schema, _ description: String, isRequired: Bool = false) -> Parameter {
            Parameter(place: .header, name: name, schema: schema, isRequired: isRequired, description: description)
        }
    }

    /// A name that is unique and stays: `evidence.search`.
    public let id: String
    public let method: Method
    /// `/api/v1/evidence/{item}`.
    public let path: String
    public let summary: String
    public let tag: String
    public let access: Access
    /// What a token has to allow.
    public let scope: TokenScope
    public let parameters: [Parameter]
    public let body: Body?
    public let outcomes: [Outcome]
    /// Whether it answers files, or images of them, to who has signed in.
    let sendsFiles: Bool
    /// Statuses of problems beside those that every operation of its kind may answer with; see ``problems``.
    public let refusals: [Int]
    /// Whether the query may have parameters that it does not know, which are not looked at: where a standard lets others add them.
    public let takesOthers: Bool
    /// Whether it makes something: it then takes an `Idempotency-Key`.
    public let creates: Bool
    /// How long it may take until its answer begins, where that is longer than ``Limits/operationSeconds``.
    public let seconds: Int?
    public let perform: @Sendable (Call) async throws -> Answer

    public init(
        _ id: String, _ method: Method, _ path: String, _ summary: String, tag: String, access: Access = .signedIn, scope: TokenScope? = nil,
        parameters: [Parameter] = [], body: Body? = nil, outcomes: [Outcome], refusals: [Int] = [], creates: Bool = false, takesOthers: Bool = false,
        seconds: Int? = nil, perform: @escaping @Sendable (Call) async throws -> Answer
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.summary = summary
        self.tag = tag
        self.access = access
        self.scope = scope ?? (method.isSafe ? .read : .write)
        self.parameters = parameters + (creates ? [Self.idempotencyKey] : [])
        self.body = body
        self.outcomes = outcomes
        sendsFiles = access == .signedIn && outcomes.contains { if case .bytes = $0.content { true } else { false } }
        self.refusals = refusals
        self.takesOthers = takesOthers
        self.creates = creates
        self.seconds = seconds
        self.perform = perform
    }

    static let idempotencyKey = Parameter.header(
        "idempotency-key", .text(.ascii, min: 1, max: 128), "The same key again gets the first answer again, and nothing is made twice.")

    /// The parameters of a list that comes in pages.
    public static func paging(of what: String = "items", default count: Int = 50) -> [Parameter] {
        [
            .query(
                "limit", .integer(Int64(Page.limits.lowerBound)...Int64(Page.limits.upperBound)), "How many \(what); \(count) where none is given."),
            .query("cursor", .text(.line, min: 1, max: Page.cursorLimit), "The `next` of the page before."),
        ]
    }

    /// Every status of a problem that it may answer with.
    public var problems: [Int] {
        var statuses: Set<Int> = [400, 408, 500, 503, 507]
        switch access {
        case .anybody: break
        case .signedIn: statuses.formUnion([401, 403, 404, 429])
        case .machine: statuses.insert(404)
        }
        if parameters.contains(where: { $0.place == .path }) { statuses.insert(404) }
        if body != nil { statuses.formUnion([413, 415]) }
        if case .json? = body { statuses.insert(422) }
        if !method.isSafe { statuses.formUnion([403, 409]) }
        if creates { statuses.insert(422) }
        return statuses.union(refusals).sorted()
    }

    /// The parts of the path; a part in braces is a parameter.
    var segments: [String] { path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init) }
}
