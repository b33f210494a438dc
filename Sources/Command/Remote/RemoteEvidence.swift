internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Glibc
internal import Ledger
internal import Web

// Evidence, asked of a server: what it is, where its words are, its bytes and pages, and what was found of it.

extension Show: RemoteCommand {
    func run(at server: RemoteArchive) throws { server.show(try server.json(.get("evidence", item))) }
}

extension FilterOptions {
    /// As a query has it.
    func query() throws -> [(name: String, value: String?)] {
        let filter = try filter()
        return [
            ("kind", filter.kind?.rawValue), ("issuer", filter.issuer), ("holder", filter.holder), ("issued_from", filter.issuedFrom?.description),
            ("issued_until", filter.issuedUntil?.description),
        ]
    }
}

/// What is on a line of an item.
private func name(_ metadata: JSON) -> String { metadata["title"].text ?? metadata["file_name"].text ?? "untitled" }

private func holder(_ text: String?) -> String { text.map { " · \($0)" } ?? "" }

extension List: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let items = try server.entries(
            .get("evidence", query: try filters.query() + [("cursor", before.map(Page.cursor(for:)))]), limit: limit)
        for item in items {
            server.list(
                item,
                "\(item["item"].text ?? "")  \(item["deposited_at"].text?.prefix(10) ?? "")  "
                    + "\(byteCount(Int64(item["size"].number ?? 0)).padded(to: 9)) \((item["extraction"].text ?? "to read").padded(to: 13)) "
                    + name(item["metadata"]) + holder(item["metadata"]["holder"].text))
        }
        server.more("--before", items, limit: limit) { $0["item"].text }
    }
}

extension Search: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        var asked = RemoteArchive.Request.get(
            "evidence", "search",
            query: try filters.query() + [("q", query.joined(separator: " ")), ("exact", exact ? "true" : nil)])
        var (hits, offset, found) = ([JSON](), offset, JSON.null)
        // The count is of the first page, so that the last line says what the first one did.
        while hits.count < limit {
            let page = min(limit - hits.count, RemoteArchive.pageLimit)
            asked.query = asked.query.filter { !["limit", "cursor"].contains($0.name) }
            asked.query += [("limit", "\(page)"), ("cursor", offset == 0 ? nil : Page.cursor(for: "\(offset)"))]
            let answer = try server.json(asked)
            if found == .null { found = answer }
            hits += answer["items"].elements
            offset += answer["items"].elements.count
            if answer["next"] == .null { break }
        }
        for hit in hits {
            let place = hit["page"].number == 0 ? "metadata" : "page \(hit["page"].number ?? 0)"
            server.list(hit, "\(hit["item"].text ?? "")  \(place)  \(hit["title"].text ?? "untitled")\(holder(hit["holder"].text))")
            if !options.json { printLine("    " + visible(hit["snippet"].text ?? "(the text is damaged)")) }
        }
        if !options.json, !options.quiet {
            printLine("\(found["count"].number ?? 0)\(found["capped"].isTrue ? " or more" : "") pages found")
        }
    }
}

extension Get: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let account = try server.json(.get("evidence", item))
        let declared = OutputFile.name(declared: account["metadata"]["file_name"].text, else: account["item"].text ?? "evidence")
        let file = try server.download(
            .get("evidence", account["item"].text ?? item, "content"), to: output.map(RawArguments.bytes) ?? declared, size: account["size"].number,
            digest: account["object"].text)
        guard output != "-" else { return }
        server.tell(
            .members(["item": account["item"], "object": account["object"], "size": account["size"], "path": .string(file.name)]),
            "wrote \(file.name) (\(byteCount(file.size)), SHA-256 \(account["object"].text ?? ""))")
    }
}

extension ShowPage: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let file = try server.download(
            .get("evidence", item, "pages", "\(page)", query: [("size", (thumbnail ? PageImageSize.thumbnail : .page).rawValue)]),
            to: RawArguments.bytes(of: output), size: nil, digest: nil)
        guard output != "-" else { return }
        server.tell(
            .members(["path": .string(file.name), "size": .integer(file.size), "sha256": .string(file.digest.hex)]),
            "wrote \(file.name) (\(byteCount(file.size)))")
    }
}

extension Describe: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let account = try server.json(.get("evidence", item))
        guard case .object(var declared) = account["metadata"], let id = account["item"].text else {
            throw Failure("cannot describe \(item): the server \(server.url) does not say what it is described as")
        }
        let before = declared
        // What is not named stays as it was; an empty value takes a declaration back.
        let options = metadata.given
        for (name, _) in options { declared[name] = nil }
        guard case .object(let changed) = json(try metadata.metadata()) else { return }
        for (name, value) in options where !value.isEmpty { declared[name] = changed[name] }
        // What is never absent has its first value back.
        for name in ["kind", "assurance"] where declared[name] == nil { declared[name] = changed[name] }
        guard declared != before else { throw Failure("nothing to change: \(id) is described so already") }
        let described = try server.json(.init(method: "PUT", path: ["evidence", id, "metadata"], body: .object(declared)))
        server.tell(.members(["item": .string(id), "metadata": described["metadata"]]), "described \(id)")
    }
}

extension MetadataOptions {
    /// The options that were given, by the names that JSON has for them.
    var given: [(name: String, value: String)] {
        let all = [
            ("title", title), ("kind", kind), ("issuer", issuer), ("number", number), ("notation", notation), ("subject", subject),
            ("issued", issued), ("valid_from", validFrom), ("valid_until", validUntil), ("holder", holder), ("person", person),
            ("language", language), ("assurance", assurance),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}

extension VerifyEvidence: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let (state, role) = (try choice(state, "state", VerificationState.self), try role.chosen())
        let method = try how.map { try choice($0, "how", VerificationMethod.self) }
        let verified = try server.json(
            .post(
                "evidence", item, "verifications",
                body: [
                    "state": .string(state.rawValue), "how": .text(method?.rawValue),
                    "reason": try reason.map { .string(try recordable($0, "reason")) },
                    "role": .string(role.rawValue),
                ]))
        server.tell(
            .members(["item": verified["item"], "state": verified["state"], "how": .text(method?.rawValue)]),
            "\(verified["item"].text ?? item) is \(state.rawValue)" + (method.map { ", \($0.rawValue)" } ?? ""))
    }
}

extension SupersedeEvidence: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let answer = try server.json(
            .post(
                "evidence", item, "supersession",
                body: ["by": .string(by), "reason": .string(try recordable(reason, "reason")), "role": .string(try role.chosen().rawValue)]))
        let reopened = answer["reopened"].elements
        server.tell(.object(["item": .string(item), "by": .string(by), "reopened": .array(reopened)]), "\(item) is superseded by \(by)")
        if !options.json, !options.quiet { for dossier in reopened { printLine("\(visible(dossier.text ?? "")) is to be reviewed again") } }
    }
}

extension ListEvidence: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        var query: [(name: String, value: String?)]
        switch try question() {
        case .verification(let state, let after): query = [("state", state.rawValue), ("cursor", after.map { Page.cursor(for: $0.text) })]
        case .issued(let days): query = Self.query("issued", days)
        case .validUntil(let days): query = Self.query("valid_until", days)
        case .uploaded(let days): query = Self.query("uploaded", days)
        }
        // Only a list by state has pages.
        guard state != nil || limit <= RemoteArchive.pageLimit else {
            throw Failure("a server lists at most \(RemoteArchive.pageLimit) by a day; narrow the days")
        }
        if state == nil { query.append(("limit", "\(limit)")) }
        let asked = RemoteArchive.Request.get("evidence", "review", query: query)
        let found = try state == nil ? server.json(asked)["items"].elements : server.entries(asked, limit: limit)
        for entry in found {
            server.list(
                entry,
                "\(entry["item"].text ?? "")  \((entry["state"].text ?? "").padded(to: 10))  "
                    + "issued \((entry["metadata"]["issued"].text ?? "-").padded(to: 10))  uploaded \(entry["deposited_at"].text?.prefix(10) ?? "-")  "
                    + "looked at \((entry["verified_at"].text.map { String($0.prefix(10)) } ?? "-").padded(to: 10))  \(name(entry["metadata"]))")
        }
        if state != nil { server.more("--after", found, limit: limit) { $0["item"].text } }
    }

    private static func query(_ by: String, _ days: ClosedRange<CalendarDate>) -> [(name: String, value: String?)] {
        [("by", by), ("from", days.lowerBound.description), ("until", days.upperBound.description)]
    }
}

extension TraceEvidence: RemoteCommand {
    func run(at server: RemoteArchive) throws { server.show(try server.json(.get("evidence", item, "trace"))) }
}

extension Status: RemoteCommand {
    func run(at server: RemoteArchive) throws { server.show(try server.json(.get("status"))) }
}
