/// Every verb of this module. Those that need the sandbox engine are the executable's own.
package enum Verbs {
    package static var all: [VerbNode] {
        [
            VerbNode(Serve.self, section: .host),
            VerbNode(Stop.self, section: .host),
            VerbNode(HostStatus.self, section: .host),
            VerbNode(CollectGarbageVerb.self, section: .host),
            VerbNode(Init.self, section: .host),
            VerbNode(Check.self, section: .host),
            VerbNode(
                group: "token", summary: "Create, list and revoke tokens for the API over TCP", section: .host,
                [VerbNode(TokenCreate.self), VerbNode(TokenList.self), VerbNode(TokenRevoke.self)]),
            VerbNode(AuditList.self, section: .host),
            VerbNode(
                group: "task", summary: "List, show, pause, resume, trigger and reload Tasks",
                [
                    VerbNode(TaskList.self), VerbNode(TaskShow.self), VerbNode(TaskPause.self),
                    VerbNode(TaskResume.self), VerbNode(TaskTrigger.self), VerbNode(TaskReload.self),
                ]),
            VerbNode(
                group: "event", summary: "Send and list Events",
                [VerbNode(EventSend.self), VerbNode(EventList.self)]),
            VerbNode(
                group: "processing", summary: "List, show, cancel and rerun Processings",
                [
                    VerbNode(ProcessingList.self), VerbNode(ProcessingShow.self), VerbNode(Logs.self),
                    VerbNode(Why.self), VerbNode(Rerun.self), VerbNode(Cancel.self), VerbNode(Wait.self),
                ]),
            VerbNode(
                group: "delivery", summary: "List who is told of ended Processings, and try again",
                [VerbNode(DeliveryList.self), VerbNode(Redeliver.self)]),
            VerbNode(ProcessingList.self, as: "ps"),
            VerbNode(DeliveryList.self, as: "deliveries"),
            VerbNode(Watch.self),
            VerbNode(StreamVerb.self),
            VerbNode(Wait.self),
            VerbNode(Cancel.self),
            VerbNode(Statistics.self),
            VerbNode(Causes.self, section: .failure),
            VerbNode(Why.self, section: .failure),
            VerbNode(Logs.self, section: .failure),
            VerbNode(Enter.self, section: .failure),
            VerbNode(Diff.self, section: .failure),
            VerbNode(Files.self, section: .failure),
            VerbNode(Cat.self, section: .failure),
            VerbNode(Export.self, section: .failure),
            VerbNode(Rerun.self, section: .failure),
            VerbNode(Skip.self, section: .failure),
            VerbNode(Pin.self, section: .failure),
            VerbNode(Unpin.self, section: .failure),
            VerbNode(Release.self, section: .failure),
            VerbNode(EventSend.self, as: "emit", section: .inside),
            VerbNode(Progress.self, section: .inside),
            VerbNode(Label.self, section: .inside),
            VerbNode(Metric.self, section: .inside),
            VerbNode(Reserve.self, section: .inside),
            VerbNode(Again.self, section: .inside),
            VerbNode(SkipRestVerb.self, section: .inside),
            VerbNode(End.self, section: .inside),
            VerbNode(ShowSelf.self, section: .inside),
        ]
    }
}
