module github.com/faaslens/faaslens

go 1.26
