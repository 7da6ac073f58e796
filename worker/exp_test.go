package worker
import ("testing";"os";"context";"github.com/faaslens/faaslens/engine";"github.com/faaslens/faaslens/guest";"github.com/faaslens/faaslens/store";"fmt")
func BenchmarkExp(b *testing.B){
 for _,file:=range []string{"h64","h64sf","h256sf","h1m","h1msf"} { for _,keep:=range []uint64{64<<10,1<<20,2<<20} {
 b.Run(fmt.Sprintf("%s/keep%dK",file,keep>>10),func(b *testing.B){
	w := testWorker(b, Config{Engine: engine.Config{Shards: 1,KeepResident:keep}})
	by,_:=os.ReadFile("/tmp/exp/"+file+".wasm")
	n:=guest.Name{User:"x",Function:file}
	w.cfg.Store.Add(n,by,store.AddOptions{})
	f,err:=w.Open(b.Context(),n); if err!=nil {b.Fatal(err)}
	b.Cleanup(func(){f.Close()})
	inv := &Invocation{}
	ctx := context.Background()
	for b.Loop() { if _, err := f.Invoke(ctx, inv); err != nil { b.Fatal(err) } }
 })}}
}
