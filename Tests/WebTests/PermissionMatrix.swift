import Custody
import Evidence
import Foundation

@testable import Web

/// What every operation answers to whom: the table that the tests hold the server against.
struct MatrixRow: Sendable {
    struct Request: Sendable {
        let method: String
        let target: String
        var fields: [String: String] = [:]
        var body: [UInt8]?

        static func get(_ target: String) -> Request { Request(method: "GET", target: target) }

        static func send(_ method: String, _ target: String, _ json: String) -> Request {
            Request(method: method, target: target, fields: ["Content-Type": "application/json"], body: Array(json.utf8))
        }

        static func post(_ target: String, _ json: String) -> Request { send("POST", target, json) }
    }

    let operation: String
    let request: @Sendable (Province, Province.Things, Who) async throws -> Request
    /// Statuses for what is here; of several, what was done before decides.
    let here: @Sendable (Who) -> Set<Int>
    /// `nil` where an operation is about nothing.
    let elsewhere: (@Sendable (Who) -> Set<Int>)?
    let nowhere: (@Sendable (Who) -> Set<Int>)?
}

private func all(_ status: Int...) -> @Sendable (Who) -> Set<Int> { { _ in Set(status) } }

/// The first group that somebody is in says it.
private func by(_ groups: [(Set<Who>, Set<Int>)], others: Int) -> @Sendable (Who) -> Set<Int> {
    { who in groups.first { $0.0.contains(who) }?.1 ?? [others] }
}

private let readers: Set<Who> = [.citizen, .assistant, .reviewer, .appraiser, .confirmer, .authority, .inspector, .overseer]
private let hidden = all(404)
/// Who sees what is elsewhere is told the same of it as of what is here; for all others it is not there.
private func onlyOverseer(_ status: Int...) -> @Sendable (Who) -> Set<Int> { by([([.overseer], Set(status))], others: 404) }
private let declared = #"{"title":"Giấy chứng nhận","person":"PERSON"}"#

extension MatrixRow {
    /// About nothing that is anybody's.
    private static func plain(
        _ operation: String, _ statuses: @escaping @Sendable (Who) -> Set<Int>, _ request: @escaping @Sendable () -> Request
    ) -> MatrixRow {
        MatrixRow(operation: operation, request: { _, _, _ in request() }, here: statuses, elsewhere: nil, nowhere: nil)
    }

    /// About something that is somebody's.
    private init(
        _ operation: String, _ here: @escaping @Sendable (Who) -> Set<Int>, elsewhere: @escaping @Sendable (Who) -> Set<Int> = hidden,
        nowhere: @escaping @Sendable (Who) -> Set<Int> = hidden, _ request: @escaping @Sendable (Province.Things, Who) throws -> Request
    ) {
        self.init(
            operation: operation, request: { _, things, who in try request(things, who) }, here: here, elsewhere: elsewhere, nowhere: nowhere)
    }

    /// Seen by whoever reads there.
    private static func read(_ operation: String, _ status: Int = 200, _ request: @escaping @Sendable (Province.Things) -> String) -> MatrixRow {
        MatrixRow(operation, by([(readers, [status])], others: 404), elsewhere: onlyOverseer(status)) { things, _ in .get(request(things)) }
    }

    /// Refused by a rule to whoever has the role there, so that the table can be walked in any order.
    private static func act(_ operation: String, _ request: @escaping @Sendable (Province.Things, Who) -> Request) -> MatrixRow {
        MatrixRow(operation, by([(readers, [409])], others: 404), elsewhere: onlyOverseer(409), request)
    }

    private static func upload(_ province: Province, _ things: Province.Things) async throws -> String {
        guard things.citizen != "citizen-0" else { return UploadID.random().text }
        let person = PersonID(things.person)
        return try await province.archive.beginUpload(length: 4, EvidenceMetadata(person: person), by: Actor(account: things.citizen)).id.text
    }

    /// An account with a role in a unit, made anew for each request.
    private static func officer(_ province: Province, _ things: Province.Things) async throws -> (account: String, grant: String) {
        let account = "officer-\(UInt32.random(in: 0..<100_000_000))"
        guard things.citizen != "citizen-0" else { return (account, GrantID.random().text) }
        try await province.archive.openAccount(account, by: console)
        try await province.archive.linkIdentity(ExternalIdentity(issuer: "https://id.example", subject: account), to: account, by: console)
        return (account, try await province.archive.grantRole(.reviewer, to: account, unit: things.unit, by: console).id.text)
    }

    private static func upload(_ operation: String, _ status: Int, _ request: @escaping @Sendable (String) -> Request) -> MatrixRow {
        MatrixRow(
            operation: operation, request: { province, things, _ in request("/api/v1/uploads/\(try await upload(province, things))") },
            here: by([([.citizen], [status])], others: 404), elsewhere: hidden, nowhere: hidden)
    }

    private static func administered(
        _ operation: String, _ status: Int, _ request: @escaping @Sendable (_ account: String, _ grant: String, Province.Things) -> Request
    ) -> MatrixRow {
        MatrixRow(
            operation: operation,
            request: { province, things, _ in
                let officer = try await officer(province, things)
                return request(officer.account, officer.grant, things)
            }, here: by([([.administrator, .root], [status])], others: 404), elsewhere: by([([.root], [status])], others: 404), nowhere: hidden)
    }

    /// Handing in for a person: their own, an assistant's of the unit; who reads there is told that they may not.
    private static let handingIn: @Sendable (Who) -> Set<Int> = by([([.citizen, .assistant], [201]), (readers, [403])], others: 422)
    private static let handingInElsewhere: @Sendable (Who) -> Set<Int> = by([([.overseer], [403])], others: 422)

    private static func tus(_ method: String, _ target: String, _ fields: [String: String] = [:], body: [UInt8]? = nil) -> Request {
        Request(method: method, target: target, fields: fields.merging(["Tus-Resumable": "1.0.0"]) { $1 }, body: body)
    }

    private static func metadata(_ things: Province.Things) -> String {
        "person \(Data(things.person.utf8).base64EncodedString()),filename \(Data("a.txt".utf8).base64EncodedString())"
    }

    static let rows: [MatrixRow] = [
        // What is everybody's.
        .plain("openapi", all(200)) { .get("/api/openapi.json") },
        .plain("health", all(200)) { .get("/health") },
        .plain("ready", all(200)) { .get("/ready") },
        .plain("metrics", all(200)) { .get("/metrics") },
        .plain("keys", all(200)) { .get("/api/v1/keys") },
        .plain("checkpoint", all(200)) { .get("/api/v1/checkpoint") },
        .plain("criteria.list", all(200)) { .get("/api/v1/criteria") },
        .plain("criteria.get", all(200)) { .get("/api/v1/criteria/framework") },
        .plain("units.list", all(200)) { .get("/api/v1/units") },
        MatrixRow("units.get", all(200), elsewhere: all(200)) { things, _ in .get("/api/v1/units/\(things.unit)") },
        .plain("uploads.options", all(204)) { Request(method: "OPTIONS", target: "/api/v1/uploads") },
        // What is for who administers or inspects all.
        .plain("criteria.import", by([([.root], [200])], others: 403)) { .post("/api/v1/criteria", #"{"documents":[]}"#) },
        .plain("units.declare", by([([.root], [200])], others: 403)) { .post("/api/v1/units", #"{"entries":[]}"#) },
        .plain("units.succeed", by([([.root], [200])], others: 403)) { .post("/api/v1/unit-successions", #"{"links":[]}"#) },
        .plain("status", by([([.root], [200])], others: 403)) { .get("/api/v1/status") },
        .plain("records.prove", by([([.overseer], [200])], others: 403)) { .get("/api/v1/records/0/proof") },
        .plain("witness.pull", by([([.overseer], [200])], others: 403)) { .get("/api/v1/witness") },
        .plain("witness.keep", all(422)) { .post("/api/v1/witness/cosignatures", #"{"reply":"none"}"#) },
        .plain("holds.list", by([([.overseer], [200])], others: 403)) { .get("/api/v1/holds") },
        // Lists show what one may see.
        .plain("evidence.list", all(200)) { .get("/api/v1/evidence") },
        .plain("evidence.search", all(200)) { .get("/api/v1/evidence/search?q=\(Province.canary)") },
        .plain("evidence.review", all(200)) { .get("/api/v1/evidence/review?state=submitted") },
        .plain("people.list", all(200)) { .get("/api/v1/people") },
        .plain("dossiers.list", all(200)) { .get("/api/v1/dossiers?cycle=\(Province.cycle)") },
        .plain("uploads.list", all(200)) { .get("/api/v1/uploads") },
        // Evidence.
        .read("evidence.get") { "/api/v1/evidence/\($0.item)" },
        .read("evidence.content") { "/api/v1/evidence/\($0.item)/content" },
        .read("evidence.trace") { "/api/v1/evidence/\($0.item)/trace" },
        // A text has no page that could be shown.
        .read("evidence.page", 409) { "/api/v1/evidence/\($0.item)/pages/1" },
        MatrixRow(
            "evidence.describe", by([([.citizen, .assistant], [200]), (readers, [403])], others: 404), elsewhere: onlyOverseer(403)
        ) { things, _ in .send("PUT", "/api/v1/evidence/\(things.item)/metadata", declared.replacing("PERSON", with: things.person)) },
        MatrixRow(
            "evidence.verify", by([([.citizen, .assistant], [409]), (readers, [200])], others: 404), elsewhere: onlyOverseer(200)
        ) { things, who in .post("/api/v1/evidence/\(things.item)/verifications", #"{"state":"in-review","role":"\#(who.role.rawValue)"}"#) },
        .act("evidence.supersede") { things, who in
            .post("/api/v1/evidence/\(things.item)/supersession", #"{"by":"\#(things.item)","reason":"x","role":"\#(who.role.rawValue)"}"#)
        },
        MatrixRow("evidence.deposit", handingIn, elsewhere: handingInElsewhere, nowhere: all(422)) { things, who in
            let body = """
                --b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{"person":"\(things.person)"}\r\n--b\r\n\
                Content-Disposition: form-data; name="file"; filename="\(who).txt"\r\n\r\nbytes of \(who)\r\n--b--\r\n
                """
            return Request(
                method: "POST", target: "/api/v1/evidence", fields: ["Content-Type": "multipart/form-data; boundary=b"], body: Array(body.utf8))
        },
        MatrixRow("evidence.put", handingIn, elsewhere: handingInElsewhere, nowhere: all(422)) { things, who in
            let bytes = Array("put by \(who)".utf8)
            return Request(
                method: "PUT", target: "/api/v1/objects/\(Digest(of: bytes).hex)",
                fields: ["Content-Type": "application/octet-stream", "Upload-Metadata": metadata(things)], body: bytes)
        },
        MatrixRow("uploads.create", handingIn, elsewhere: handingInElsewhere, nowhere: all(422)) { things, _ in
            tus("POST", "/api/v1/uploads", ["Upload-Length": "4", "Upload-Metadata": metadata(things)])
        },
        upload("uploads.get", 200) { .get($0) },
        upload("uploads.head", 200) { tus("HEAD", $0) },
        upload("uploads.append", 204) {
            tus("PATCH", $0, ["Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"], body: Array("1234".utf8))
        },
        upload("uploads.terminate", 204) { tus("DELETE", $0) },
        // People.
        .read("people.get") { "/api/v1/people/\($0.person)" },
        .plain("people.register", all(200)) { .post("/api/v1/people", #"{"entries":[]}"#) },
        .act("people.honour") { things, who in
            .post(
                "/api/v1/people/\(things.person)/honours",
                #"{"rules":"tan-thanh-ward","document":{"number":"1","notation":"QĐ","issued":"2026-01-01","signer":"A"},"role":"\#(who.role.rawValue)"}"#
            )
        },
        MatrixRow(
            "access.list", by([([.citizen, .inspector, .overseer], [200]), (readers, [403])], others: 404), elsewhere: onlyOverseer(200)
        ) { things, _ in .get("/api/v1/access?about=\(things.person)") },
        // Dossiers.
        .read("dossiers.get") { "/api/v1/dossiers/\($0.dossier)" },
        .read("dossiers.matrix") { "/api/v1/dossiers/\($0.dossier)/matrix" },
        .read("dossiers.history") { "/api/v1/dossiers/\($0.dossier)/history" },
        .read("dossiers.verdict") { "/api/v1/dossiers/\($0.dossier)/verdict" },
        // Who neither is the citizen nor enters for them is told so first.
        MatrixRow(
            "dossiers.open", by([([.nobody], [404])], others: 409), elsewhere: by([([.citizen, .assistant, .nobody], [404])], others: 409),
            nowhere: by([([.citizen, .assistant, .nobody], [404])], others: 409)
        ) { things, who in
            .post(
                "/api/v1/dossiers",
                #"{"person":"\#(things.person)","cycle":\#(Province.cycle),"unit":"\#(things.unit)","rules":"tan-thanh-ward","criteria":"framework","role":"\#(who.role.rawValue)"}"#
            )
        },
        .act("dossiers.step") { things, who in
            .post("/api/v1/steps", #"{"dossiers":["\#(things.dossier)"],"act":"appeal","reason":"x","role":"\#(who.role.rawValue)"}"#)
        },
        .act("citations.cite") { things, who in
            .post(
                "/api/v1/dossiers/\(things.dossier)/citations",
                #"{"indicator":"A1","item":"\#(things.item)","role":"\#(who.role.rawValue)"}"#)
        },
        .act("citations.withdraw") { things, who in
            .post("/api/v1/citations/\(things.citation)/withdrawal", #"{"reason":"x","role":"\#(who.role.rawValue)"}"#)
        },
        .act("scores.give") { things, who in
            .post(
                "/api/v1/dossiers/\(things.dossier)/scores",
                #"{"kind":"self","scores":{"A1":{"points":"8"}},"role":"\#(who.role.rawValue)"}"#)
        },
        // Decisions.
        .act("decisions.decide") { things, who in
            .post(
                "/api/v1/decisions",
                #"{"dossiers":["\#(things.dossier)"],"document":{"number":"9","notation":"QĐ","issued":"2026-01-01","signer":"A"},"preview":true,"role":"\#(who.role.rawValue)"}"#
            )
        },
        .read("titles.trace") { "/api/v1/titles/\($0.title)" },
        .read("decisions.replay") { "/api/v1/replays/\($0.title)" },
        MatrixRow(
            "titles.bundle", by([([.authority, .inspector, .overseer], [200]), (readers, [403])], others: 404), elsewhere: onlyOverseer(200)
        ) { things, _ in .get("/api/v1/titles/\(things.title)/bundle") },
        // What units there are everybody knows.
        MatrixRow(
            "units.bundle", by([([.authority, .inspector, .overseer], [200])], others: 403), elsewhere: by([([.overseer], [200])], others: 403)
        ) { things, _ in .get("/api/v1/units/\(things.unit)/bundles/\(Province.cycle)") },
        // Accounts.
        .plain("accounts.list", by([([.administrator, .root], [200])], others: 403)) { .get("/api/v1/accounts") },
        .plain("account", all(200)) { .get("/api/v1/account") },
        .plain("accounts.open", by([([.administrator, .root], [201])], others: 403)) {
            .post("/api/v1/accounts", #"{"account":"new-\#(UInt32.random(in: 0..<100_000_000))"}"#)
        },
        administered("accounts.get", 200) { account, _, _ in .get("/api/v1/accounts/\(account)") },
        administered("accounts.close", 200) { account, _, _ in .post("/api/v1/accounts/\(account)/closing", #"{"reason":"x"}"#) },
        administered("accounts.setup-link", 201) { account, _, _ in
            Request(method: "POST", target: "/api/v1/accounts/\(account)/setup-links", body: [])
        },
        administered("sessions.list", 200) { account, _, _ in .get("/api/v1/accounts/\(account)/sessions") },
        administered("sessions.revoke", 204) { account, _, _ in Request(method: "DELETE", target: "/api/v1/accounts/\(account)/sessions") },
        administered("identities.list", 200) { account, _, _ in .get("/api/v1/accounts/\(account)/identities") },
        // It has none to remove.
        administered("authenticator.remove-lost", 409) { account, _, _ in
            Request(method: "DELETE", target: "/api/v1/accounts/\(account)/authenticator")
        },
        administered("identities.unlink", 204) { account, _, _ in
            .post("/api/v1/accounts/\(account)/identities/removal", #"{"issuer":"https://id.example","subject":"\#(account)"}"#)
        },
        administered("grants.give", 201) { account, _, things in
            .post("/api/v1/accounts/\(account)/grants", #"{"role":"appraiser","unit":"\#(things.unit)"}"#)
        },
        administered("grants.withdraw", 200) { _, grant, _ in .post("/api/v1/grants/\(grant)/withdrawal", #"{"reason":"x"}"#) },
        // Signing in. The tests bring tokens, so there is no session.
        .plain("session.begin", all(401, 429)) { .post("/api/v1/session", #"{"account":"nobody-here","password":"wrong"}"#) },
        .plain("session.get", all(404)) { .get("/api/v1/session") },
        .plain("session.end", all(404)) { Request(method: "DELETE", target: "/api/v1/session") },
        // No provider is set up.
        .plain("provider.begin", all(404)) { .get("/api/v1/session/provider") },
        .plain("provider.setup", all(404)) { .post("/api/v1/session/provider", #"{"link":"mcl_none"}"#) },
        .plain("provider.finish", all(404)) { .get("/api/v1/session/provider/callback?state=s&code=c&session_state=x") },
        .plain("identities.link", all(404)) { .post("/api/v1/account/identities", "{}") },
        .plain("setup.offer", all(401)) { .post("/api/v1/setup/offer", #"{"link":"mcl_none"}"#) },
        .plain("setup.use", all(401)) { .post("/api/v1/setup", #"{"link":"mcl_none","password":"long enough for one"}"#) },
        .plain("account.password", all(401, 429)) {
            .send("PUT", "/api/v1/account/password", #"{"password":"wrong","new":"long enough for one"}"#)
        },
        .plain("authenticator.offer", all(200)) { .get("/api/v1/account/authenticator") },
        .plain("authenticator.set", all(422)) {
            .send("PUT", "/api/v1/account/authenticator", #"{"authenticator":{"key":"AAAAAAAAAAAAAAAA","code":"000000"},"password":"wrong"}"#)
        },
        .plain("authenticator.remove", all(401, 429)) {
            .post("/api/v1/account/authenticator/removal", #"{"password":"wrong","code":"000000"}"#)
        },
        .plain("tokens.list", all(200)) { .get("/api/v1/tokens") },
        // Nobody here has a token that the archive knows, which is what a new one would be good for.
        .plain("tokens.create", all(409)) { .post("/api/v1/tokens", #"{"name":"x","scope":"read","days":1}"#) },
        .plain("tokens.revoke", hidden) { Request(method: "DELETE", target: "/api/v1/tokens/to-0000000000000000") },
        // What ends things comes last.
        MatrixRow(
            "holds.place", by([([.authority, .inspector, .overseer], [200, 409]), ([.administrator, .root], [404])], others: 409),
            elsewhere: by([([.overseer], [200, 409]), ([.authority, .inspector, .administrator, .root], [404])], others: 409),
            nowhere: by([([.overseer, .authority, .inspector, .administrator, .root], [404])], others: 409)
        ) { things, who in
            .post("/api/v1/holds", #"{"subject":"\#(things.item)","reason":"x","basis":"y","role":"\#(who.role.rawValue)"}"#)
        },
        MatrixRow(
            "holds.release", by([([.authority, .inspector, .overseer], [200, 409]), ([.administrator, .root], [404])], others: 409),
            elsewhere: by([([.overseer], [200, 409]), ([.authority, .inspector, .administrator, .root], [404])], others: 409),
            nowhere: by([([.overseer, .authority, .inspector, .administrator, .root], [404])], others: 409)
        ) { things, who in
            .post("/api/v1/holds/\(things.item)/release", #"{"reason":"x","basis":"y","role":"\#(who.role.rawValue)"}"#)
        },
        MatrixRow(
            "erasures.erase", by([([.authority], [200]), ([.administrator, .root], [404])], others: 409),
            elsewhere: by([([.authority, .administrator, .root], [404])], others: 409),
            nowhere: by([([.authority, .administrator, .root], [404])], others: 409)
        ) { things, who in
            .post("/api/v1/erasures", #"{"references":["\#(things.item)"],"reason":"x","basis":"y","role":"\#(who.role.rawValue)"}"#)
        },
        MatrixRow(
            "titles.revoke", by([([.authority], [200]), (readers, [409])], others: 404), elsewhere: onlyOverseer(409)
        ) { things, who in
            .post("/api/v1/titles/\(things.title)/revocation", #"{"reason":"x","basis":"y","role":"\#(who.role.rawValue)"}"#)
        },
    ]
}
