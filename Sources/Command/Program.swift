internal import ArgumentParser
internal import Custody
internal import Glibc
internal import Synchronization

@main
enum Program {
    /// The statuses that `--help` documents.
    enum Status {
        static let somethingWrong: Int32 = 1
        static let notDone: Int32 = 2
        static let inUse: Int32 = 3
    }

    static func main() async {
        // A descriptor that is closed would become an archive's file, and what is printed would be written into it.
        for stream in STDIN_FILENO...STDERR_FILENO where fcntl(stream, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
        // What this process makes is for its own user only, whatever the shell says.
        umask(0o077)
        // A reader that goes away (`minhchung list | head`) is an error of a write, not the end of a deposit.
        signal(SIGPIPE, SIG_IGN)
        let command: any ParsableCommand
        do {
            command = try MinhChung.parseAsRoot(RawArguments.decoded)
        } catch {
            MinhChung.exit(withError: error)
        }
        do {
            if let remote = command as? any RemoteCommand, let url = remote.options.serverURL {
                try remote.run(at: try RemoteArchive(url, options: remote.options))
            } else if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                var synchronous = command
                try synchronous.run()
            }
            endIfOutputFailed()
        } catch let error as ExitCode {
            endIfOutputFailed()
            exit(error.rawValue)
        } catch let error where error is ValidationError || MinhChung.exitCode(for: error).isSuccess {
            // The library's own: a wrong command line, or help that was asked for.
            MinhChung.exit(withError: error)
        } catch {
            printError("\(error)")
            let isAnswer = Archive.isNotFound(error) || Archive.isRefused(error) || (error as? RemoteProblem)?.isAnswer ?? false
            exit(Archive.isInUse(error) ? Status.inUse : isAnswer ? Status.somethingWrong : Status.notDone)
        }
    }

    /// Output that was cut off must not look whole. Whoever stopped listening (`| head`) knows.
    private static func endIfOutputFailed() {
        let cause = outputFailure.withLock { $0 }
        guard cause != 0, cause != EPIPE else { return }
        printError("cannot write the output: \(String(cString: strerror(cause))); what was to be done is done")
        exit(Status.notDone)
    }
}
