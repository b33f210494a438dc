public import Evidence

/// How attempts to sign in are slowed: those on one account from one address soon and for long, those on one account from everywhere late
/// and for moments, and those on all accounts together from one address to two in a minute. Nobody is locked out: the owner, at another
/// address, gets in while an attacker waits. A pure rule.
///
/// Names that nobody has are counted as accounts are, and an address knows no account, so that the delay tells nothing.
public enum Throttle {
    /// What is known of one ``Subject``.
    public struct Failures: Sendable, Equatable {
        public let count: Int
        /// When the last of them was.
        public let last: Timestamp

        public init(count: Int, last: Timestamp) {
            self.count = count
            self.last = last
        }
    }

    /// What failures are counted of. Kept as a digest: what is typed as a name may be a password.
    public struct Subject: Sendable, Equatable {
        /// By which its failures are kept.
        public let key: Digest
        /// How many failures are free.
        let free: Int
        /// The longest delay, in seconds.
        let longest: Int64
        /// Whether one failure is forgotten after each longest delay, and not all of them together: many people may be behind one address, and
        /// what they mistype in a day must not add up.
        var drips = false

        /// The account, from wherever.
        public static func account(_ account: String) -> Subject {
            Subject(key: Digest(of: "account\n\(account)".utf8), free: 50, longest: 30)
        }

        /// The account from one address, or from one network of IPv6 (/64), which is one customer's.
        public static func account(_ account: String, from address: String) -> Subject {
            Subject(key: Digest(of: "account and address\n\(account)\n\(Throttle.place(of: address))".utf8), free: 5, longest: 900)
        }

        /// One address, or one network of IPv6 (/64), on whatever accounts.
        public static func address(_ address: String) -> Subject {
            Subject(key: Digest(of: "address\n\(Throttle.place(of: address))".utf8), free: 30, longest: 30, drips: true)
        }
    }

    /// Failures count for so long after the last of them: 2 hours.
    public static let memory: Int64 = 7_200_000

    /// When the next attempt is looked at, where that is not now: after the free failures 1 second behind the last one, and twice as long
    /// with each more. An attempt before that is not looked at and not counted.
    public static func opening(_ subject: Subject, after failures: Failures?, at now: Timestamp) -> Timestamp? {
        if subject.drips {
            guard let left = left(of: failures, of: subject, at: now), left.count >= subject.free else { return nil }
            return Timestamp(milliseconds: left.last.milliseconds + subject.longest * 1000)
        }
        guard let failures, failures.count >= subject.free, now.milliseconds - failures.last.milliseconds < memory else { return nil }
        let seconds = min(subject.longest, 1 << Int64(min(failures.count - subject.free, 20)))
        let opening = Timestamp(milliseconds: failures.last.milliseconds + seconds * 1000)
        // Where the clock was set back, nobody waits longer than the delay.
        return opening > now ? min(opening, Timestamp(milliseconds: now.milliseconds + seconds * 1000)) : nil
    }

    /// What one more failure of this subject makes of them.
    public static func counted(_ failures: Failures?, of subject: Subject, at now: Timestamp) -> Failures {
        guard subject.drips else { return counted(failures, at: now) }
        let left = left(of: failures, of: subject, at: now)
        return Failures(count: (left?.count ?? 0) + 1, last: left?.last ?? now)
    }

    /// What is not forgotten yet where one is after the other, and since when the next one waits for that; `nil` where nothing is left.
    private static func left(of failures: Failures?, of subject: Subject, at now: Timestamp) -> Failures? {
        guard let failures else { return nil }
        // Where the clock was set back, nothing waits for a time that is still to come.
        let last = min(failures.last, now)
        let gone = (now.milliseconds - last.milliseconds) / (subject.longest * 1000)
        guard gone < failures.count else { return nil }
        return Failures(count: failures.count - Int(gone), last: Timestamp(milliseconds: last.milliseconds + gone * subject.longest * 1000))
    }

    /// What one more failure makes of them, where they are forgotten together.
    public static func counted(_ failures: Failures?, at now: Timestamp) -> Failures {
        guard let failures, now.milliseconds - failures.last.milliseconds < memory else { return Failures(count: 1, last: now) }
        return Failures(count: failures.count + 1, last: now)
    }

    /// An address of IPv4 as it is, and of IPv6 its first 64 bits.
    static func place(of address: String) -> String {
        guard address.contains(":"), !address.contains(".") else { return address }
        let zone = address.firstIndex(of: "%") ?? address.endIndex
        let text = address[..<zone].lowercased()
        let gap = text.firstRange(of: "::")
        let front = text[..<(gap?.lowerBound ?? text.endIndex)].split(separator: ":")
        let back = text[(gap?.upperBound ?? text.endIndex)...].split(separator: ":")
        let groups = front + Array(repeating: "0", count: max(0, 8 - front.count - back.count)) + back
        return groups.prefix(4).map { "\($0.drop { $0 == "0" })" }.map { $0.isEmpty ? "0" : $0 }.joined(separator: ":") + "::"
    }
}
