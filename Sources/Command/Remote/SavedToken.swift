internal import Glibc
internal import Ledger

/// The tokens that `sign-in` made, by the server that they are for, in a file that only its owner reads.
enum SavedToken {
    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The folder of the file, as the XDG Base Directory Specification has it.
    private static func folder() throws -> String {
        if let folder = variable("XDG_CONFIG_HOME"), folder.hasPrefix("/") { return "\(folder)/minhchung" }
        guard let home = variable("HOME"), home.hasPrefix("/") else {
            throw Failure("cannot find where tokens are kept: set HOME or XDG_CONFIG_HOME")
        }
        return "\(home)/.config/minhchung"
    }

    static func all() throws -> [String: JSON] {
        let file = try folder() + "/tokens.json"
        guard access(file, F_OK) == 0 else { return [:] }
        let bytes = try SourceFiles.contents(of: RawArguments.bytes(of: file), limit: 1 << 20)
        guard case .object(let members)? = try? JSON(parsing: bytes) else {  // because it says so in its own words
            throw Failure("cannot read \(visible(file)): it is not what sign-in writes; move it away and sign in again")
        }
        return members
    }

    private static func madeFolder() throws -> String {
        let folder = try folder()
        var path = ""
        for part in folder.split(separator: "/") {
            path += "/\(part)"
            guard mkdir(path, 0o700) == 0 || errno == EEXIST || access(path, F_OK) == 0 else {
                throw Failure("cannot make the folder \(visible(path)): \(String(cString: strerror(errno)))")
            }
        }
        return folder
    }

    /// What a request to the server brings: `$MINHCHUNG_TOKEN`, or what `sign-in` made; `nil` where there is neither.
    static func secret(for server: String) throws -> String? {
        if let token = variable("MINHCHUNG_TOKEN") {
            guard token.utf8.allSatisfy({ (33...126).contains($0) }) else { throw Failure("cannot use $MINHCHUNG_TOKEN: it is no token") }
            return token
        }
        return try all()[server]?["secret"].text
    }

    /// Ends a token in its own name, whoever else the environment names; one that has ended already is none.
    static func end(_ id: String, _ secret: String, at server: RemoteArchive) throws {
        server.use(secret)
        do { _ = try server.answer(to: .init(method: "DELETE", path: ["tokens", id])) } catch let problem as RemoteProblem
            where [401, 404].contains(problem.status)
        {}  // because it opens nothing any more
    }

    /// - Returns: what was kept for the server before.
    static func keep(_ secret: String, id: String, account: String, for server: String) throws -> JSON? {
        try changing(in: madeFolder()) { members in
            members.updateValue(.object(["secret": .string(secret), "token": .string(id), "account": .string(account)]), forKey: server)
        }
    }

    static func forget(_ server: String) throws {
        guard try all()[server] != nil else { return }
        _ = try changing(in: folder()) { $0.removeValue(forKey: server) }
    }

    /// Changes what is kept, one `minhchung` at a time: of two that sign in at once, none loses a token.
    private static func changing(in folder: String, _ change: (inout [String: JSON]) -> JSON?) throws -> JSON? {
        let lock = open("\(folder)/tokens.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Failure("cannot open \(visible("\(folder)/tokens.lock")): \(String(cString: strerror(errno)))") }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 {
            guard errno == EINTR else { throw Failure("cannot lock \(visible("\(folder)/tokens.lock")): \(String(cString: strerror(errno)))") }
        }
        var members = try all()
        let before = change(&members)
        try OutputFile.replace(folder + "/tokens.json", with: JSON.object(members).canonicalBytes + [0x0A])
        return before
    }
}
