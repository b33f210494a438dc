internal import Ledger

/// Why a request was not done, as RFC 9457 has it.
///
/// `detail` is one line for people and never says where something lies on this machine, what was asked of the database, or where the
/// program was.
public struct Problem: Error, Sendable, Equatable {
    /// The kind: `not-found`; the type is `/problems/not-found`.
    public let kind: String
    public let status: Int
    public let title: String
    public let detail: String
    /// Where in the request something is wrong.
    public let findings: [SchemaFinding]
    /// Header fields of the answer, e.g. `allow`.
    public let fields: [String: String]
    /// Whether the connection cannot go on behind the answer.
    public let closes: Bool
    /// What the log of the server says of it, and the answer does not.
    public let cause: String?

    public init(
        _ kind: String, _ status: Int, _ title: String, _ detail: String, findings: [SchemaFinding] = [], fields: [String: String] = [:],
        closes: Bool = false, cause: String? = nil
    ) {
        self.kind = kind
        self.status = status
        self.title = title
        self.detail = detail
        self.findings = findings
        self.fields = fields
        self.closes = closes
        self.cause = cause
    }

    /// The request is not HTTP, or not JSON.
    public static func malformed(_ detail: String, closes: Bool = false) -> Problem {
        Problem("malformed", 400, "The request cannot be read", detail, closes: closes)
    }

    /// A value in the path, the query or a header field is not what it has to be.
    public static func parameter(_ place: Operation.Parameter.Place, _ name: String, _ reason: String) -> Problem {
        Problem("parameter", 400, "A parameter is wrong", "\(place.rawValue) parameter \(name) \(reason)")
    }

    /// The body is JSON, and not what the operation takes.
    public static func invalid(_ findings: [SchemaFinding]) -> Problem {
        let first = findings.first.map { "\($0.pointer.isEmpty ? "the body" : $0.pointer) \($0.reason)" } ?? "the body is not what it has to be"
        return Problem("invalid", 422, "A field is wrong", first, findings: findings)
    }

    /// A member of the body, named by its JSON pointer, is not what the archive takes.
    public static func field(_ pointer: String, _ reason: String) -> Problem { invalid([SchemaFinding(pointer: pointer, reason: reason)]) }

    public static func notFound(_ detail: String = "there is nothing at this address") -> Problem {
        Problem("not-found", 404, "Not found", detail)
    }

    public static func otherMethod(allowed: [String]) -> Problem {
        Problem(
            "method", 405, "The method is not one of this address", "it takes \(allowed.joined(separator: ", "))",
            fields: ["allow": allowed.joined(separator: ", ")])
    }

    /// Nobody has signed in.
    public static let signInRequired = Problem(
        "sign-in", 401, "Sign in first", "sign in, or send a token as Authorization: Bearer", fields: ["www-authenticate": "Bearer"])

    /// Not for this one, whoever asks: a token's scope, a request from another site.
    public static func forbidden(_ detail: String) -> Problem { Problem("not-permitted", 403, "Not permitted", detail) }

    public static func conflict(_ detail: String) -> Problem { Problem("refused", 409, "A rule does not allow it", detail) }

    public static func tooLarge(limit: Int64) -> Problem {
        Problem("too-large", 413, "The body is too large", "at most \(limit) bytes are taken here", closes: true)
    }

    public static func mediaType(_ taken: [String]) -> Problem {
        Problem("media-type", 415, "The media type is not taken", "send \(taken.joined(separator: " or ")) as Content-Type")
    }

    public static func tooMany(_ detail: String, retryAfter seconds: Int) -> Problem {
        Problem("too-many", 429, "Too many requests", detail, fields: ["retry-after": "\(seconds)"])
    }

    public static let tooSlow = Problem(
        "too-slow", 408, "The request came too slowly", "the body was not there in time", closes: true)

    /// It took too long here; it may have been done.
    public static let overdue = Problem(
        "overdue", 503, "It took too long", "it was not done in time, or not told in time; look before you ask again", fields: ["retry-after": "5"])

    /// What went wrong is in the log of the server, under the request's id.
    public static let failure = Problem("failure", 500, "Something went wrong here", "the log of the server says what, under this request's id")

    /// The form of a problem; `request` names it in the server's log.
    public static let schema = Schema.named(
        "Problem",
        .object([
            .required("type", .text(.line, min: 1, max: 200), "What kind of problem, as a relative URI."),
            .required("title", .line(max: 200)),
            .required("status", .integer(400...599)),
            .required("detail", .text(.anything, min: 0, max: detailLimit)),
            .required("request", .line(max: 64), "Under this id it is in the server's log."),
            .optional(
                "errors",
                .array(
                    .object([
                        .required("pointer", .text(.anything, min: 0, max: 4000), "Where in the body, as a JSON pointer."),
                        .required("detail", .text(.anything, min: 1, max: 4000)),
                    ]), max: Schema.findingLimit)),
        ]))

    private static let detailLimit = 4000

    func json(request: String) -> JSON {
        var members: [String: JSON] = [
            "type": .string("/problems/\(kind)"), "title": .string(title), "status": .integer(Int64(status)),
            // It may have been made of much that was asked for.
            "detail": .string(
                detail.unicodeScalars.count > Self.detailLimit ? String(detail.unicodeScalars.prefix(Self.detailLimit - 1)) + "…" : detail),
            "request": .string(request),
        ]
        if !findings.isEmpty {
            members["errors"] = .array(
                findings.map { .object(["pointer": .string($0.pointer), "detail": .string($0.reason)]) })
        }
        return .object(members)
    }
}
