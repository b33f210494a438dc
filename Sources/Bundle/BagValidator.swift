internal import Evidence

/// Validates somebody's bag in a folder: BagIt 1.0 (RFC 8493) and the drafts 0.93 to 0.97 (draft-kunze-bagit-00 to -14).
///
/// Where 1.0 became stricter, an older bag gets a warning for what would be an error in a newer one. Nothing is fetched: a bag
/// with holes is incomplete until somebody filled them. Nothing outside the bag's folder is looked at, and no symbolic link is
/// followed. The checksums of other people's bags are often MD5 or SHA-1; see ``FileDigestAlgorithm``.
public struct BagValidator {
    /// Tag files with more bytes are not read.
    static let tagFileLimit = 256 << 20

    private let tree: BagTree
    private var version = BagVersion.one
    private var encoding = BagEncoding.utf8
    private var findings = BagFindings()

    /// Everything that is to say about the bag in the folder at `path`; it is valid when there is no error among it. Every
    /// file is read once; memory grows with the number of files and not with their size.
    /// - Throws: ``BundleFileError`` when the bag could not be looked at: then nothing is known about it.
    public static func findings(inBagAt path: String) throws(BundleFileError) -> [BagFinding] {
        var validator = BagValidator(tree: try BagTree(path))
        try validator.validate()
        return validator.findings.all
    }

    private init(tree: BagTree) { self.tree = tree }

    private mutating func validate() throws(BundleFileError) {
        // Version and encoding decide what everything else means.
        guard let bytes = try contents(of: "bagit.txt"), readDeclaration(bytes) else { return }
        for (path, what) in tree.others.sorted(by: { $0.path.lexicographicallyPrecedes($1.path) }) { findings.error(text(path), what) }
        if !tree.folders.contains(Array("data".utf8)) { findings.error("data", "the payload folder is missing") }
        let toFetch = try readFetch()
        let manifests = try readManifests()
        if !manifests.contains(where: { !$0.isTag }) { findings.error("manifest-….txt", "there is no payload manifest") }
        var lostStreams = 0
        for manifest in manifests { lostStreams = max(lostStreams, checkPresence(manifest, toFetch: toFetch)) }
        checkCompleteness(manifests, toFetch: toFetch)
        try checkInfo(lostStreams: lostStreams)
        checkNames(manifests)
        try checkDigests(manifests)
    }

    private var payload: [[UInt8]] { tree.files.keys.filter { $0.starts(with: BagIt.payloadPrefix.utf8) }.sorted(by: precedes) }

    private func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool { left.lexicographicallyPrecedes(right) }

    // MARK: Tag files

    private mutating func contents(of name: String) throws(BundleFileError) -> [UInt8]? {
        guard tree.files[Array(name.utf8)] != nil else {
            if name == BagIt.declarationName { findings.error(name, "the bag declaration is missing, so this is no bag") }
            return nil
        }
        if let bytes = try tree.contents(of: Array(name.utf8), limit: Self.tagFileLimit) { return bytes }
        findings.error(name, "it has more than \(Self.tagFileLimit) bytes and was not read")
        return nil
    }

    /// The lines of a tag file in the bag's encoding.
    private mutating func lines(of name: String) throws(BundleFileError) -> [BagLine]? {
        guard let bytes = try contents(of: name) else { return nil }
        guard let (text, hasMark) = encoding.decode(bytes) else {
            findings.error(name, "its bytes are not of the encoding that bagit.txt names")
            return nil
        }
        // §2.3: only where the encoding needs it.
        if hasMark, case .utf8 = encoding { findings.since(version, name, "a file in UTF-8 must not begin with a byte-order mark") }
        return BagLine.lines(text)
    }

    private mutating func readDeclaration(_ bytes: [UInt8]) -> Bool {
        var declaration = BagDeclaration()
        defer { findings = declaration.findings }
        declaration.findings = findings
        guard declaration.read(bytes) else { return false }
        version = declaration.version
        encoding = declaration.encoding
        return true
    }

    private mutating func readManifests() throws(BundleFileError) -> [BagManifest] {
        var manifests: [BagManifest] = []
        let names = tree.files.keys.filter { !$0.contains(UInt8(ascii: "/")) }.sorted(by: precedes)
        for name in names {
            guard var manifest = BagManifest(named: text(name), version: version, findings: &findings) else { continue }
            if let lines = try lines(of: manifest.name) {
                manifest.read(lines, version: version, tree: tree, findings: &findings)
            }
            manifests.append(manifest)
        }
        return manifests
    }

    /// The files that fetch.txt lists (§2.2.3).
    private mutating func readFetch() throws(BundleFileError) -> Set<[UInt8]> {
        let name = "fetch.txt"
        var paths: Set<[UInt8]> = []
        for line in try lines(of: name) ?? [] {
            let place = "\(name), line \(line.number)"
            if line.isBlank {
                findings.warning(place, "the line is blank")
                continue
            }
            let url = line.bytes.drop(while: isBlankByte).prefix { !isBlankByte($0) }
            let behind = line.bytes[url.endIndex...].drop(while: isBlankByte)
            let length = behind.prefix { !isBlankByte($0) }
            let written = behind[length.endIndex...].drop(while: isBlankByte)
            let isLength = length.elementsEqual("-".utf8) || !length.isEmpty && length.allSatisfy { (48...57).contains($0) }
            guard !url.isEmpty, isLength, !written.isEmpty else {
                findings.error(place, "the line is not a URL, a length or “-”, and a path")
                continue
            }
            if !isAbsolute(url) { findings.error(place, "“\(text(url))” is not an absolute URL") }
            do throws(BagPath.Fault) {
                let found = try BagPath(written, version: version, tree: tree)
                for remark in found.remarks { findings.warning(place, remark) }
                guard found.path.starts(with: BagIt.payloadPrefix.utf8) else {
                    throw BagPath.Fault(reason: "“\(text(found.path))” is not below \(BagIt.payloadPrefix)")
                }
                if !paths.insert(found.path).inserted { findings.warning(place, "“\(text(found.path))” is listed twice") }
                if let size = tree.files[found.path], let announced = Int64(text(length)), announced != size {
                    findings.warning(place, "the file has \(size) bytes and not \(announced)")
                }
            } catch {
                findings.error(place, error.reason)
            }
        }
        return paths
    }

    /// RFC 3986 §4.3: a scheme, a colon and something, which is a host where the scheme has one.
    private func isAbsolute(_ url: ArraySlice<UInt8>) -> Bool {
        let scheme = url.prefix { $0 != UInt8(ascii: ":") }
        let name = text(scheme).lowercased()
        guard let first = name.utf8.first, (97...122).contains(first), url.count > scheme.count + 1 else { return false }
        guard name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || [43, 45, 46].contains($0) }) else { return false }
        guard ["http", "https", "ftp", "sftp"].contains(name) else { return true }
        let rest = url[scheme.endIndex...].dropFirst()
        return rest.starts(with: "//".utf8) && rest.count > 2 && rest[rest.startIndex + 2] != UInt8(ascii: "/")
    }

    // MARK: Completeness (§3)

    /// Whether what a manifest lists is there. Answers how many empty files of operating systems are not.
    private mutating func checkPresence(_ manifest: BagManifest, toFetch: Set<[UInt8]>) -> Int {
        let missing = manifest.entries.values.filter { !$0.isPresent }.sorted { $0.line < $1.line }
        guard !missing.isEmpty else { return 0 }
        var present: [String: Set<String>] = [:]
        for entry in manifest.entries.values where entry.isPresent {
            present[text(entry.path).lowercased(), default: []].insert(entry.checksum)
        }
        var lostStreams = 0
        for entry in missing {
            let place = "\(manifest.name), line \(entry.line)"
            let shown = text(entry.path)
            if tree.folders.contains(entry.path) {
                findings.error(place, "“\(shown)” is a folder, and only files are listed")
            } else if toFetch.contains(entry.path) {
                findings.error(place, "“\(shown)” is missing: it has to be fetched as fetch.txt says, which is not done here")
            } else if version < .one, present[shown.lowercased()]?.contains(entry.checksum) == true {
                // One file listed in two spellings, on a file system to which they were one: its bytes are here and checked.
                findings.warning(place, "“\(shown)” is listed under another spelling too, with the same checksum, and only that is there")
            } else if version < .one, isOfOperatingSystem(entry.path), isEmpty(entry, manifest.algorithm) {
                // It says nothing, and systems remove such files on their own: not a byte of the payload is lost.
                findings.warning(place, "“\(shown)”, an empty file of an operating system, is missing")
                lostStreams += 1
            } else {
                findings.error(place, "“\(shown)” is missing")
            }
        }
        return lostStreams
    }

    private func isEmpty(_ entry: BagManifest.Entry, _ algorithm: FileDigestAlgorithm?) -> Bool {
        algorithm.map { FileDigest($0).finalize() } == entry.checksum
    }

    private mutating func checkCompleteness(_ manifests: [BagManifest], toFetch: Set<[UInt8]>) {
        let payloadManifests = manifests.filter { !$0.isTag }
        for path in Set(payload).union(toFetch).sorted(by: precedes) {
            let without = payloadManifests.filter { $0.entries[path] == nil }
            // Before 1.0 one manifest was enough.
            if version >= .one || without.count == payloadManifests.count {
                for manifest in without {
                    let source = tree.files[path] == nil ? "which fetch.txt lists" : "which is there"
                    findings.error(manifest.name, "“\(text(path))”, \(source), is not listed")
                }
            }
        }
        for manifest in manifests where manifest.isTag {
            for other in payloadManifests where manifest.entries[Array(other.name.utf8)] == nil {
                findings.since(version, manifest.name, "the payload manifest “\(other.name)” is not listed")
            }
            let isManifest = Set(manifests.map { Array($0.name.utf8) })
            for path in tree.files.keys.sorted(by: precedes)
            where !path.starts(with: BagIt.payloadPrefix.utf8) && !isManifest.contains(path) && manifest.entries[path] == nil {
                findings.warning(manifest.name, "the tag file “\(text(path))” is not listed, so nothing protects it")
            }
        }
    }

    private mutating func checkInfo(lostStreams: Int) throws(BundleFileError) {
        let name = version.infoName
        guard let lines = try lines(of: name) else { return }
        let elements = BagInfo.read(lines, name: name, version: version, findings: &findings)
        let octets = payload.reduce(Int64(0)) { $0 + (tree.files[$1] ?? 0) }
        let streams = payload.count
        for (line, value) in elements {
            let place = "\(name), line \(line)"
            let parts = value.split(separator: ".", omittingEmptySubsequences: false)
            let isNumber = { (part: Substring) in !part.isEmpty && part.utf8.allSatisfy { (48...57).contains($0) } }
            guard parts.count == 2, parts.allSatisfy(isNumber), let wantedOctets = Int64(parts[0]), let wantedStreams = Int(parts[1]) else {
                findings.error(place, "Payload-Oxum is not of the form OctetCount.StreamCount")
                continue
            }
            if wantedOctets != octets || !(streams...streams + lostStreams).contains(wantedStreams) {
                findings.error(place, "Payload-Oxum is \(value), and the payload has \(octets).\(streams)")
            }
        }
    }

    // MARK: Names (§6.1)

    private mutating func checkNames(_ manifests: [BagManifest]) {
        var spellings: [String: [UInt8]] = [:]
        for path in payload {
            // Text is compared by canonical equivalence, so this finds other normal forms too.
            if let other = spellings.updateValue(path, forKey: text(path).lowercased()) {
                findings.warning(text(path), "it differs from “\(text(other))” only in case or Unicode normal form")
            }
        }
        let listed = manifests.reduce(into: Set(payload)) { $0.formUnion($1.entries.keys) }
        for path in listed.sorted(by: precedes) where isOfOperatingSystem(path) {
            findings.warning(text(path), "an operating system makes and removes such files on its own")
        }
    }

    private func isOfOperatingSystem(_ path: [UInt8]) -> Bool {
        let name = text(path.split(separator: UInt8(ascii: "/")).last ?? []).lowercased()
        return [".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".directory", ".localized"].contains(name) || name.hasPrefix("._")
    }

    // MARK: Validity (§3)

    private mutating func checkDigests(_ manifests: [BagManifest]) throws(BundleFileError) {
        var wanted: [[UInt8]: [(manifest: String, line: Int, algorithm: FileDigestAlgorithm, checksum: String)]] = [:]
        for manifest in manifests {
            guard let algorithm = manifest.algorithm else { continue }
            for entry in manifest.entries.values where entry.isPresent {
                wanted[entry.path, default: []].append((manifest.name, entry.line, algorithm, entry.checksum))
            }
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 4096)
        defer { buffer.deallocate() }
        for (path, checks) in wanted.sorted(by: { precedes($0.key, $1.key) }) {
            let file = try tree.open(path)
            var digests = Dictionary(checks.map { ($0.algorithm, FileDigest($0.algorithm)) }) { first, _ in first }
            var offset: Int64 = 0
            while true {
                let count = try file.read(into: buffer, at: offset)
                for algorithm in digests.keys { digests[algorithm]?.update(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                offset += Int64(count)
                if count < buffer.count { break }
            }
            for check in checks.sorted(by: { $0.manifest < $1.manifest }) {
                guard let found = digests[check.algorithm]?.finalize(), found != check.checksum else { continue }
                findings.error("\(check.manifest), line \(check.line)", "“\(text(path))” has the checksum \(found)")
            }
        }
    }
}
