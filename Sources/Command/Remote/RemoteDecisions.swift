internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import OutboundHTTP
internal import Web

// Decisions, what they rest on, and what is kept of them, asked of a server.

extension DocumentOptions {
    fileprivate func json() throws -> JSON {
        let entry = try entry()
        return .members([
            "number": .string(entry.codeNumber), "notation": .string(entry.codeNotation), "issued": .string(entry.issuedOn.description),
            "authority": entry.authority.map(JSON.string), "signer": .string(entry.signer), "scan": entry.scan.map(JSON.string),
        ])
    }
}

extension Decide: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let answer = try server.json(
            .post(
                "decisions",
                body: [
                    "dossiers": .array(dossiers.map(JSON.string)), "document": try document.json(), "preview": preview ? .bool(true) : nil,
                    "role": .string(try role.chosen().rawValue),
                ], creates: true))
        let outcomes = answer["outcomes"].elements
        for outcome in outcomes {
            let title = outcome["title"].text.map { ", title \($0)" } ?? ""
            server.tell(
                outcome, "\(outcome["dossier"].text ?? "")  \(preview ? "would be decided: " : "")\(outcome["verdict"]["text"].text ?? "")\(title)")
        }
        if options.json || options.quiet { return }
        let code = "\(document.number)/\(document.notation)"
        printLine(
            visible(
                preview
                    ? "preview: \(outcomes.count) to decide by \(code); nothing was recorded, to do it: without --preview"
                    : "\(outcomes.count) decided by \(code)"))
    }
}

extension Revoke: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let answer = try server.json(
            .post(
                "titles", title, "revocation",
                body: [
                    "reason": .string(try recordable(reason, "reason")), "basis": .string(try recordable(basis, "basis")),
                    "role": .string(try role.chosen().rawValue),
                ]))
        guard case .object(let revoked) = answer["title"] else { return }
        let honours = answer["honours"].elements
        server.tell(.object(revoked.merging(["honours": .array(honours)]) { $1 }), "\(revoked["title"]?.text ?? title), REVOKED")
        if options.json || options.quiet { return }
        for honour in honours { printLine(visible("rests on it, to be looked at: honour \(honour["title"].text ?? "")")) }
    }
}

extension GrantHonour: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let honour = try server.json(
            .post(
                "people", person, "honours",
                body: ["rules": .string(rules), "document": try document.json(), "role": .string(try role.chosen().rawValue)], creates: true))
        server.tell(honour, "honoured \(honour["person"].text ?? person): \(honour["title"].text ?? "")")
    }
}

extension ReplayDecision: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let replays = try server.json(.get("replays", id))["replays"].elements
        for replay in replays {
            let isSame = replay["same"].isTrue
            if options.json || !isSame || !options.quiet {
                let differences = replay["differences"].elements.compactMap(\.text).joined(separator: "; ")
                server.list(
                    replay,
                    "\(replay["dossier"].text ?? "")  record \(replay["record"].number ?? 0)  \(isSame ? "same" : "DIFFERS: \(differences)")")
            }
        }
        if !replays.allSatisfy({ $0["same"].isTrue }) { throw ExitCode(Program.Status.somethingWrong) }
    }
}

extension TraceTitle: RemoteCommand {
    func run(at server: RemoteArchive) throws { server.show(try server.json(.get("titles", title))) }
}

extension WriteBundle: RemoteCommand {
    /// Reading all evidence of a unit takes a while before the first byte comes.
    private static let patience = Duration.seconds(900)

    func run(at server: RemoteArchive) throws {
        guard !folder, since.count <= 1, sinceAccess.count <= 1 else {
            throw Failure("cannot write the bundle: a server sends a ZIP file, and shows one --since and one --since-access")
        }
        var asked = RemoteArchive.Request.get(
            query: [
                ("withhold", withhold.isEmpty ? nil : withhold.joined(separator: ",")), ("checkpoint", checkpoint.map(String.init)),
                ("since", since.first.map(String.init)), ("since_access", sinceAccess.first.map(String.init)),
            ])
        asked.path = title.map { ["titles", $0, "bundle"] } ?? ["units", unit ?? "", "bundles", "\(cycle ?? 0)"]
        asked.patience = Self.patience
        let file = try server.download(asked, to: RawArguments.bytes(of: output), size: nil, digest: nil)
        server.tell(
            .members(["path": .string(file.name), "bytes": .integer(file.size), "sha256": .string(file.digest.hex)]),
            "wrote \(file.name) (\(byteCount(file.size))); check it with minhchung verify-bundle")
    }
}

// MARK: The ledger's proofs, holds and erasures

extension ShowCheckpoint: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        guard stampURL ?? Self.variable("MINHCHUNG_STAMP_URL") == nil else {
            throw Failure("cannot have it stamped: that is done where the archive is")
        }
        let checkpoint = try server.json(.get("checkpoint"))
        if options.json { return printLine(checkpoint.canonicalText) }
        printLine(["records", "access"].compactMap { checkpoint[$0]["note"].text }.joined(separator: "\n").trimmedEnd)
    }
}

extension String {
    fileprivate var trimmedEnd: String { hasSuffix("\n") ? String(dropLast()) : self }
}

extension PullCheckpoint: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let known = try memory.map { try WitnessMemory(parsing: try input($0, limit: 64 << 20)).seen }
        let (records, access) = (known?[.records]?.last?.size ?? since, known?[.access]?.last?.size ?? sinceAccess)
        let answer = try server.answer(to: .get("witness", query: [("records", records.map(String.init)), ("access", access.map(String.init))]))
        try OutputFile.write(answer.body, to: output)
        guard output != "-" else { return }
        server.tell(.object(["path": .string(output), "bytes": .number(answer.body.count)]), "wrote \(output)")
    }
}

extension KeepCosignatures: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let bytes = try input(reply)
        let reply = try WitnessReply(parsing: bytes)
        _ = try server.answer(to: .post("witness", "cosignatures", body: ["reply": .string(String(decoding: bytes, as: UTF8.self))]))
        server.tell(
            .object(["witness": .string(reply.witness.text), "records": .number(reply.records.checkpoint.size)]),
            "kept: \(reply.witness.name) has cosigned \(reply.records.checkpoint.size) records")
    }
}

extension Prove: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let proof = try server.json(.get("records", "\(number)", "proof"))
        if options.json { return printLine(proof.canonicalText) }
        printLine((proof[record ? "copy" : "proof"].text ?? "").trimmedEnd)
    }
}

extension HoldOptions {
    fileprivate func body(_ role: RoleOption) throws -> [String: JSON?] {
        [
            "reason": .string(try recordable(reason, "reason")), "basis": .string(try recordable(basis, "basis")),
            "role": .string(try role.chosen().rawValue),
        ]
    }
}

extension PlaceHold: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let held = try server.json(.post("holds", body: try hold.body(role).merging(["subject": .string(hold.subject)]) { $1 }, creates: true))
        server.tell(held, "held \(hold.subject), record \(held["record"].number ?? 0)")
    }
}

extension ReleaseHold: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let released = try server.json(.post("holds", hold.subject, "release", body: try hold.body(role)))
        server.tell(released, "released \(hold.subject), record \(released["record"].number ?? 0)")
    }
}

extension ListHolds: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        for hold in try server.json(.get("holds"))["holds"].elements {
            let (reason, basis) = (hold["reason"].text ?? "", hold["basis"].text ?? "")
            server.list(
                .members(["subject": hold["subject"], "record": hold["record"], "reason": .string(reason), "legal_basis": .string(basis)]),
                "\(hold["subject"].text ?? "")  record \(hold["record"].number ?? 0)  \(reason) [\(basis)]")
        }
    }
}

extension Erase: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        guard list == nil else { throw Failure("cannot use --list with --server: the erasure list lies beside the archive") }
        let plan = try server.json(
            .post(
                "erasures",
                body: [
                    "references": .array(subjects.map(JSON.string)), "apply": apply ? .bool(true) : nil,
                    "shared": shared.map { .string($0.rawValue) }, "reason": .string(try recordable(reason, "reason")),
                    "basis": .string(try recordable(basis, "basis")), "role": .string(try role.chosen().rawValue),
                ], creates: true))
        if options.json || !options.quiet { server.show(plan) }
        if !options.json, !options.quiet, !apply { printLine("nothing was done, to do it: --apply") }
        if apply, !plan["unfinished"].elements.isEmpty { throw ExitCode(Program.Status.somethingWrong) }
    }
}

extension ListAccesses: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let entries = try server.entries(
            .get("access", query: [("about", subject), ("cursor", before.map { Page.cursor(for: "\($0)") })]), limit: limit)
        for entry in entries {
            let acting = entry["acting_as"].text.map { " as \($0)" } ?? ""
            let subjects = entry["subjects"].elements.compactMap(\.text).joined(separator: ", ")
            server.list(entry, "\(entry["time"].text ?? "")  \(entry["kind"].text ?? "")  \(entry["actor"].text ?? "")\(acting)  \(subjects)")
        }
        server.more("--before", entries, limit: limit) { $0["number"].number.map(String.init) }
    }
}

extension ShowKeys: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        let keys = try server.json(.get("keys"))
        if let output {
            try OutputFile.write(Array(((keys["current"].text ?? "") + "\n").utf8), to: output)
            if !options.quiet { printLine(visible("wrote \(output)")) }
        } else if options.json {
            printLine(keys.canonicalText)
        } else {
            printLine(visible(keys["current"].text ?? ""))
            for former in keys["former"].elements {
                printLine(visible("\(former["key"].text ?? "")  until record \(former["until_record"].number ?? 0)"))
            }
        }
    }
}
