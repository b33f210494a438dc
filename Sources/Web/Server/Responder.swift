internal import Custody
internal import Evidence
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Ledger
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// What a request brings beside itself.
struct RequestSource: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// Answers requests: finds the operation, holds the request against it, lets it be done, and makes a response of the answer.
///
/// A class, because requests hand it on many times.
final class Responder: HTTPResponder {
    let routes: Routes
    let authentication: Authentication
    let archive: Archive
    let settings: Settings
    let metrics: Metrics
    let places: Places
    let deadlines: Deadlines
    let log: Logger

    init(
        routes: Routes, authentication: Authentication, archive: Archive, settings: Settings, metrics: Metrics, places: Places,
        deadlines: Deadlines, log: Logger
    ) {
        (self.routes, self.authentication, self.archive, self.settings) = (routes, authentication, archive, settings)
        (self.metrics, self.places, self.deadlines, self.log) = (metrics, places, deadlines, log)
    }

    /// A request on its way.
    private struct Passage {
        let id: String
        let active: ActiveRequest
        /// What it takes of what is limited.
        var place: Place?
        let started: ContinuousClock.Instant
        let method: HTTPRequest.Method
        var operation: Operation?
        var account: String?
        var isSecure: Bool
        var body: BodyReading?
        /// The request has a body that is too long to be read only to be dropped.
        let hasLongBody: Bool
    }

    /// A body of so many bytes is read and dropped where an answer does not need it, and the connection goes on.
    private static let droppedBytes: Int64 = 1 << 16

    func respond(to request: Request, context: RequestSource) async throws -> Response {
        let length = request.headers[.contentLength].flatMap { Int64($0) } ?? 0
        var passage = Passage(
            id: Self.requestID(), active: ActiveRequest(metrics), started: .now, method: request.method, isSecure: settings.isTLS,
            hasLongBody: length > Self.droppedBytes || request.headers[.transferEncoding] != nil)
        do {
            return try await answer(request, context.channel, &passage)
        } catch let error as HTTPParserError {
            passage.place?.leave()
            throw error
        } catch {
            let problem = Problem(of: error)
            if problem.status >= 500 || problem.cause != nil {
                log.log(
                    level: problem.status >= 500 ? .error : .warning, "a request failed",
                    metadata: ["request": "\(passage.id)", "error": "\(problem.cause ?? "\(error)")"])
            }
            return response(to: problem, context.channel, passage)
        }
    }

    private static func requestID() -> String { String(UInt64.random(in: (1 << 60)...UInt64.max), radix: 16) }

    private func answer(_ request: Request, _ channel: any Channel, _ passage: inout Passage) async throws -> Response {
        let fields = RequestFields(request.headers)
        let client = ClientAddress(
            peer: channel.remoteAddress?.ipAddress, fields: fields, trusted: settings.trustedProxies, isTLS: settings.isTLS)
        passage.isSecure = client.isSecure
        let (path, query) = RequestReading.divided(request.head.path ?? "")
        let operation: Operation
        let pathValues: [String: String]
        switch try routes.match(request.method.rawValue, path) {
        case .operation(let found, let values): (operation, pathValues) = (found, values)
        case .otherMethod(let allowed): throw Problem.otherMethod(allowed: allowed)
        case .none: throw Problem.notFound()
        }
        if operation.access == .machine, !client.isMachine, !settings.opensMachineOperations { throw Problem.notFound() }
        passage.operation = operation
        // Whoever watches over the machine is answered above all when it has too much to do.
        if operation.access != .machine {
            // What is still to come is waited for in another place than what is done.
            if case .json? = operation.body {
                passage.place = try places.arriving.take(for: client.text)
            } else {
                passage.place = try places.work.take()
            }
        }

        let signedIn = try await authentication.signedIn(fields, isSecure: client.isSecure)
        passage.account = signedIn?.actor.account
        if operation.access == .signedIn, signedIn == nil { throw Problem.signInRequired }
        let scheme = client.isSecure ? "https" : "http"
        let origin = "\(scheme)://\(request.head.authority ?? "")"
        do {
            if operation.access == .signedIn { try signedIn?.check(operation) }
            try CrossSiteCheck.check(operation, fields, signedIn, origin: origin)
        } catch {
            if let actor = signedIn?.actor { try await archive.recordRefusal(by: actor) }
            throw error
        }

        let parameters = try RequestReading.parameters(operation, path: pathValues, query: query, fields: fields)
        let (type, typeParameters, length) = try RequestReading.check(operation, fields, limits: settings.limits)
        var json: JSON?
        var content: RequestContent?
        switch operation.body {
        case nil: break
        case .json(let schema):
            let body = BodyReading(request.body, channel, length: length, limit: Int64(settings.limits.jsonBytes))
            passage.body = body
            let bytes = try await bytes(of: body)
            passage.place?.leave()
            passage.place = try places.work.take()
            json = try RequestReading.json(bytes, schema)
        case .bytes(_, let limit):
            passage.place?.leave()
            passage.place = try places.transfers.take(for: signedIn?.actor.account ?? client.text)
            let body = BodyReading(request.body, channel, length: length, limit: limit)
            passage.body = body
            content = RequestContent(mediaType: type, mediaTypeParameters: typeParameters, length: length) { take in
                try await body.forEachPiece { try await take(Array($0.readableBytesView)) }
            }
        }
        let call = Call(
            operation: operation, requestID: passage.id, client: client.text, isSecure: client.isSecure, origin: origin, signedIn: signedIn,
            parameters: parameters,
            json: json, content: content,
            conditions: Conditions(
                ifNoneMatch: fields.value("if-none-match"), ifRange: fields.value("if-range"), range: fields.value("range")),
            binding: BindingCookie.value(in: fields, isSecure: client.isSecure))
        if operation.sendsFiles {
            passage.place?.leave()
            passage.place = try places.downloads.take(for: signedIn?.actor.account ?? client.text)
        }
        let answer = try await perform(call)
        if settings.checksAnswers { try AnswerCheck.check(answer, of: operation) }
        return response(to: answer, channel, passage)
    }

    private func bytes(of body: BodyReading) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            group.addTask { try await body.bytes() }
            group.addTask { [settings] in
                try await Task.sleep(for: .seconds(settings.limits.bodySeconds))
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let bytes = first else { throw Problem.tooSlow }
            return bytes
        }
    }

    /// Lets the operation be done, and waits for it no longer than it may take. What takes longer goes on: work on files and databases
    /// cannot be broken off, and whoever asked is told that it may have been done.
    private func perform(_ call: Call) async throws -> Answer {
        // A body that comes in pieces takes the time that it takes; how slowly it may come is watched elsewhere.
        if call.content != nil { return try await KeptAnswers(archive: archive).performing(call) }
        let (outcomes, continuation) = AsyncThrowingStream<Answer, any Error>.makeStream(bufferingPolicy: .bufferingOldest(1))
        Task {
            do {
                continuation.yield(try await KeptAnswers(archive: archive).performing(call))
                continuation.finish()
            } catch { continuation.finish(throwing: error) }
        }
        let seconds = max(call.operation.seconds ?? 0, settings.limits.operationSeconds)
        let end = deadlines.begin(seconds: seconds) { continuation.finish(throwing: Problem.overdue) }
        defer { end() }
        for try await answer in outcomes { return answer }
        throw CancellationError()
    }

    // MARK: Responses

    private func response(to problem: Problem, _ channel: any Channel, _ passage: Passage) -> Response {
        var answer = Answer.json(problem.json(request: passage.id), status: problem.status)
        answer.fields = problem.fields
        answer.fields["content-type"] = "application/problem+json"
        if problem.closes { answer.fields["connection"] = "close" }
        return response(to: answer, channel, passage)
    }

    private func response(to answer: Answer, _ channel: any Channel, _ passage: Passage) -> Response {
        var headers = Self.protective
        for (name, value) in answer.fields { Self.set(&headers, name, value) }
        if passage.isSecure { Self.set(&headers, "strict-transport-security", "max-age=31536000") }
        Self.set(&headers, "x-request-id", passage.id)
        for cookie in answer.cookies { headers.append(HTTPField(name: .setCookie, value: cookie)) }
        // What is left of a long body is not waited for; and nothing else can be read behind one that was begun.
        if passage.body.map({ !$0.isComplete }) ?? passage.hasLongBody { headers[.connection] = "close" }
        let closes = headers[.connection] == "close"
        let isHead = passage.method == .head
        let status = HTTPResponse.Status(code: answer.status)

        switch answer.body {
        case .nothing:
            finish(passage, answer.status)
            return closing(Response(status: status, headers: headers), closes, channel)
        case .json(let json): return whole(json.canonicalBytes, status, headers, closes, isHead, channel, passage)
        case .bytes(let bytes): return whole(bytes, status, headers, closes, isHead, channel, passage)
        case .stream(let stream):
            if let length = stream.length { headers[.contentLength] = "\(length)" }
            if isHead {
                finish(passage, answer.status)
                return closing(Response(status: status, headers: headers), closes, channel)
            }
            // Where the other end has gone before the answer begins, nobody asks for its body.
            let unsent = LastWord { [self, passage] in finish(passage, answer.status, breaksOff: true) }
            let body = ResponseBody(contentLength: stream.length.map(Int.init)) { [self] writer in
                defer { withExtendedLifetime(unsent) {} }
                try await send(stream, to: &writer, passage, answer.status)
            }
            return Response(status: status, headers: headers, body: body)
        }
    }

    private func whole(
        _ bytes: [UInt8], _ status: HTTPResponse.Status, _ headers: HTTPFields, _ closes: Bool, _ isHead: Bool, _ channel: any Channel,
        _ passage: Passage
    ) -> Response {
        finish(passage, status.code)
        var headers = headers
        headers[.contentLength] = "\(bytes.count)"
        let body = isHead ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        return closing(Response(status: status, headers: headers, body: body), closes, channel)
    }

    /// A response behind which nothing more of the connection is read: a request that was sent with this one is never done.
    private func closing(_ response: Response, _ closes: Bool, _ channel: any Channel) -> Response {
        guard closes else { return response }
        let body = response.body
        return Response(
            status: response.status, headers: response.headers,
            body: ResponseBody(contentLength: body.contentLength) { writer in
                let end = writer
                try await body.write(end)
                try await channel.closeFuture.get()
                throw ConnectionEnded()
            })
    }

    private struct ConnectionEnded: Error {}

    private func send(_ stream: ByteStream, to writer: inout any ResponseBodyWriter, _ passage: Passage, _ status: Int) async throws {
        let sent = Mutex<Int64>(0)
        let sink = WriterBox(writer)
        do {
            try await stream.produce { bytes in
                sent.withLock { $0 += Int64(bytes.readableBytes) }
                // In parts, so that no more of an answer waits than a reader may leave waiting.
                var rest = bytes
                while let part = rest.readSlice(length: min(rest.readableBytes, Self.partSize)), part.readableBytes > 0 {
                    try await sink.write(part)
                }
            }
            // Short of its length it must not look whole.
            if let length = stream.length, sent.withLock({ $0 }) != length { throw ShortStream() }
        } catch {
            log.warning("an answer broke off", metadata: ["request": "\(passage.id)", "error": "\(error)"])
            finish(passage, status, breaksOff: true)
            throw error
        }
        try await sink.finish()
        finish(passage, status)
    }

    private struct ShortStream: Error {}
    private static let partSize = 1 << 20

    /// Once: a second end of the same request is none.
    private func finish(_ passage: Passage, _ status: Int, breaksOff: Bool = false) {
        passage.place?.leave()
        guard passage.active.end() else { return }
        let elapsed = ContinuousClock.now - passage.started
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        let operation = passage.operation?.id ?? "none"
        metrics.count(operation: operation, status: status, seconds: seconds)
        var fields: Logger.Metadata = [
            "request": "\(passage.id)", "operation": "\(operation)", "status": "\(status)", "milliseconds": "\(Int(seconds * 1000))",
        ]
        if let account = passage.account { fields["account"] = "\(account)" }
        log.info(breaksOff ? "broke off" : "answered", metadata: fields)
    }

    /// On every answer, whatever it is: a browser neither guesses what it is, nor runs, frames or keeps it.
    private static let protective: HTTPFields = {
        var fields = HTTPFields()
        set(&fields, "x-content-type-options", "nosniff")
        set(&fields, "content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
        set(&fields, "cache-control", "no-store")
        set(&fields, "cross-origin-resource-policy", "same-origin")
        set(&fields, "referrer-policy", "no-referrer")
        set(&fields, "x-frame-options", "DENY")
        return fields
    }()

    /// - Parameter name: in lower case.
    private static func set(_ headers: inout HTTPFields, _ name: String, _ value: String) {
        guard let name = HTTPField.Name(parsed: name) else { return }
        headers[name] = value
    }
}

/// The writer of a body where closures that may be called from anywhere need it; one at a time does.
private final class WriterBox: @unchecked Sendable {
    // @unchecked because a stream sends one piece after the other, each awaited before the next.
    private var writer: any ResponseBodyWriter

    init(_ writer: any ResponseBodyWriter) { self.writer = writer }

    func write(_ bytes: ByteBuffer) async throws { try await writer.write(bytes) }
    func finish() async throws { try await writer.finish(nil) }
}
