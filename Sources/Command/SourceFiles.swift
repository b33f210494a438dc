internal import Custody
internal import Evidence
internal import Glibc

/// The files that paths on the command line mean: files as they are, folders with all that is in them.
struct SourceFiles {
    /// Paths in the order given, within a folder in the order of their bytes.
    private(set) var paths: [[UInt8]] = []
    /// What was passed over, with the reason.
    private(set) var skipped: [(path: [UInt8], reason: String)] = []
    /// The archive's own folder, which is never deposited into itself.
    private let archive: stat?

    init(_ arguments: [[UInt8]], archive path: String) {
        var status = stat()
        archive = stat(path, &status) == 0 ? status : nil
        let own = Self.canonical(Array(path.utf8)).map { $0 + [UInt8(ascii: "/")] }
        for argument in arguments {
            if let own, Self.canonical(argument)?.starts(with: own) == true {
                skip(argument, "it is part of the archive itself")
            } else {
                add(argument, isNamed: true)
            }
        }
    }

    private mutating func add(_ path: [UInt8], isNamed: Bool) {
        var status = stat()
        // A link that was named is followed; one found in a folder is not, so that no loop is walked.
        let result = path.withZero { isNamed ? stat($0, &status) : lstat($0, &status) }
        guard result == 0 else { return skip(path, String(cString: strerror(errno))) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            if let archive, archive.st_dev == status.st_dev, archive.st_ino == status.st_ino {
                return skip(path, "it is the archive itself")
            }
            addFolder(path)
        case S_IFLNK: skip(path, "a symbolic link; name it on the command line to deposit what it leads to")
        case S_IFREG: paths.append(path)
        default: skip(path, "not a regular file")
        }
    }

    private mutating func addFolder(_ path: [UInt8]) {
        guard let stream = path.withZero({ opendir($0) }) else { return skip(path, String(cString: strerror(errno))) }
        var names: [[UInt8]] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
            errno = 0
        }
        let failure = errno
        closedir(stream)
        if failure != 0 { skip(path, String(cString: strerror(failure))) }
        let separator: [UInt8] = path.last == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) { add(path + separator + name, isNamed: false) }
    }

    private mutating func skip(_ path: [UInt8], _ reason: String) {
        skipped.append((path, reason))
    }

    /// The path without links and dots, to tell whether two paths mean one file; `nil` where there is nothing.
    static func canonical(_ path: [UInt8]) -> [UInt8]? {
        guard let resolved = path.withZero({ realpath($0, nil) }) else { return nil }
        defer { free(resolved) }
        return Array(UnsafeBufferPointer(start: resolved, count: strlen(resolved)).map(UInt8.init(bitPattern:)))
    }

    /// The whole of a small file, at most `limit` bytes.
    static func contents(of path: [UInt8], limit: Int) throws -> [UInt8] {
        let name = DepositSource(path: path, metadata: EvidenceMetadata()).displayPath
        guard let file = path.withZero({ fopen($0, "re") }) else {
            throw Failure("cannot read \(name): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        let bytes = [UInt8](unsafeUninitializedCapacity: limit + 1) { buffer, count in
            count = fread(buffer.baseAddress, 1, buffer.count, file)
        }
        guard ferror(file) == 0 else { throw Failure("cannot read \(name): \(String(cString: strerror(errno)))") }
        guard bytes.count <= limit else { throw Failure("cannot read \(name): it is larger than \(limit) bytes") }
        return bytes
    }
}

extension [UInt8] {
    func withZero<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        // Proof for `!`: the buffer has at least the zero.
        (self + [0]).withUnsafeBufferPointer { body(UnsafeRawPointer($0.baseAddress!).assumingMemoryBound(to: CChar.self)) }
    }
}
